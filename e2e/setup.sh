#!/usr/bin/env bash
# Installs what the tests need and is absent. As root the Debian packages come by
# apt-get; otherwise it says what is missing.
set -euo pipefail
need=()
command -v chromium >/dev/null || need+=(chromium)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need+=(postgresql-15)
command -v strace >/dev/null || need+=(strace)
command -v pdftotext >/dev/null || need+=(poppler-utils)
command -v soffice >/dev/null || need+=(libreoffice-writer libreoffice-calc)
command -v postfix >/dev/null || need+=(postfix)
command -v dovecot >/dev/null || need+=(dovecot-imapd)
fc-list 2>/dev/null | grep -qi 'noto.*thai' || need+=(fonts-noto-core)
command -v npm >/dev/null || need+=(npm)
if [ "${#need[@]}" -gt 0 ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "missing: ${need[*]}; install them with: sudo apt-get install ${need[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  # The tests start servers of their own; what is installed here must not start any.
  quiet=/usr/sbin/policy-rc.d
  if [ ! -e "$quiet" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$quiet"
    chmod 755 "$quiet"
    trap 'rm -f "$quiet"' EXIT
  fi
  apt-get update -qq
  echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
  apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi
cd "$(dirname "$0")"
if [ ! -f node_modules/axe-core/axe.min.js ]; then
  npm ci --no-audit --no-fund --silent
fi
