(() => {
const d = document.currentScript.dataset, w = window, has = d.has.split(' ');
w.dataLayer = w.dataLayer || [];
function gtag() { w.dataLayer.push(arguments); }
gtag('consent', 'default', { ad_storage: 'denied', ad_user_data: 'denied', ad_personalization: 'denied', analytics_storage: 'granted' });
gtag('js', new Date());
const c = { client_id: d.client, page_location: location.origin + d.page, page_title: '', page_referrer: '', allow_google_signals: false, allow_ad_personalization_signals: false, cookie_domain: 'none', cookie_flags: 'SameSite=Lax' + (location.protocol === 'https:' ? ';Secure' : '') };
if (has.includes('referrer') && document.referrer) c.page_referrer = new URL(document.referrer).origin + '/';
if (!has.includes('language')) c.language = '';
if (!has.includes('screen_width')) c.screen_resolution = '';
gtag('config', d.id, c);
const s = document.createElement('script');
s.async = true;
s.src = d.src + '?id=' + encodeURIComponent(d.id);
document.head.append(s);
})();
