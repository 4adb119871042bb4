package cases_test

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"prasan/internal/clock"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/db/migrations"
)

// BenchmarkSubmit is the reception of messages by 64 people at once, without HTTP.
func BenchmarkSubmit(b *testing.B) {
	c := clock.NewFixed(dbtest.Start)
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(b.TempDir(), "bench.db"), db.Options{Clock: c})
	must(b, err)
	b.Cleanup(func() { d.Close() })
	_, err = d.Migrate(ctx, migrations.Files)
	must(b, err)
	h := newHouse(b, &dbtest.Engine{DB: d, Clock: c})
	sample := h.whole()
	var n atomic.Uint64
	b.SetParallelism(32) // of two processors
	before := used()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			sub := sample
			sub.Nonce = binary.BigEndian.AppendUint64(make([]byte, 8), i)
			sub.Addr, sub.Message = fmt.Sprint(i), fmt.Sprintf("%s %d", sample.Message, i)
			sub.Sender = map[string]string{"given_name": "มานี", "family_name": "สมมติวงศ์", "mobile_phone": fmt.Sprintf("08%08d", i%1e8), "email": fmt.Sprintf("p%d@example.com", i)}
			if _, err := h.cases.Submit(ctx, sub); err != nil {
				b.Error(err)
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64((used()-before).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	if rep, err := h.cases.Verify(ctx); err != nil || len(rep.Faults) > 0 || rep.Cases != b.N {
		b.Errorf("%d cases of %d, %+v %v", rep.Cases, b.N, rep.Faults, err)
	}
}

// used is the processor time of this process.
func used() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
