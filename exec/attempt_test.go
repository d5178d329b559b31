package exec

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestGrow(t *testing.T) {
	for _, tt := range []struct {
		base    time.Duration
		factor  float64
		attempt int
		want    time.Duration
	}{
		{time.Second, 2, 1, time.Second},
		{time.Second, 2, 4, 8 * time.Second},
		{time.Second, 0, 3, time.Second},
		{time.Second, 1.5, 2, 1500 * time.Millisecond},
		{0, 2, 9, 0},
		{time.Second, 2, 5000, math.MaxInt64},
		{time.Second, math.Inf(1), 2, math.MaxInt64},
	} {
		if got := grow(tt.base, tt.factor, tt.attempt); got != tt.want {
			t.Errorf("grow(%v, %v, %d) = %v, want %v", tt.base, tt.factor, tt.attempt, got, tt.want)
		}
	}
}

// The longest duration counts from the start of the first attempt.
func TestTaskRetrying(t *testing.T) {
	start := time.Unix(1000, 0)
	now := start
	task := &taskSpec{RetryPolicy: &pipelinespec.PipelineTaskSpec_RetryPolicy{
		MaxRetryCount:      9,
		BackoffDuration:    durationpb.New(10 * time.Second),
		BackoffFactor:      2,
		BackoffMaxDuration: durationpb.New(60 * time.Second),
	}}
	r := taskRetrying(task, start, func() time.Time { return now }, nil)
	if r.count != 9 {
		t.Errorf("%d retries", r.count)
	}
	for _, tt := range []struct {
		attempt int
		passed  time.Duration
		want    time.Duration
		ok      bool
	}{
		{1, 0, 10 * time.Second, true},
		{2, 20 * time.Second, 20 * time.Second, true},
		{3, 20 * time.Second, 40 * time.Second, true},
		{3, 21 * time.Second, 40 * time.Second, false},
		{1, 61 * time.Second, 10 * time.Second, false},
	} {
		now = start.Add(tt.passed)
		if got, ok := r.pause(tt.attempt); got != tt.want || ok != tt.ok {
			t.Errorf("after attempt %d and %v: %v %v, want %v %v", tt.attempt, tt.passed, got, ok, tt.want, tt.ok)
		}
	}
	// What the spec leaves open is as KFP has it: no pause, an hour at most.
	r = taskRetrying(&taskSpec{RetryPolicy: &pipelinespec.PipelineTaskSpec_RetryPolicy{MaxRetryCount: 1}}, start, func() time.Time { return start }, nil)
	if got, ok := r.pause(5); got != 0 || !ok {
		t.Errorf("by default: %v %v", got, ok)
	}
}

func TestTry(t *testing.T) {
	failure := errors.New("no")
	for _, tt := range []struct {
		name     string
		count    int
		succeeds int // attempt that does; 0 for none
		attempts int
		told     int
	}{
		{"at once", 3, 1, 1, 0}, {"at the last", 3, 4, 4, 3}, {"never", 2, 0, 3, 2}, {"no retries", 0, 0, 1, 0},
	} {
		told := 0
		r := retrying{
			count:  tt.count,
			pause:  func(int) (time.Duration, bool) { return 0, true },
			failed: func(int, error) { told++ },
		}
		n, err := r.try(context.Background(), func(attempt int) error {
			if attempt == tt.succeeds {
				return nil
			}
			return failure
		})
		if n != tt.attempts || told != tt.told || (err == nil) != (tt.succeeds > 0) {
			t.Errorf("%s: %d attempts, %d told, %v", tt.name, n, told, err)
		}
	}
	// A pause ends with the context.
	ctx, cancel := context.WithCancel(context.Background())
	r := retrying{count: 1, pause: func(int) (time.Duration, bool) { return time.Hour, true }, failed: func(int, error) { cancel() }}
	if n, err := r.try(ctx, func(int) error { return failure }); n != 1 || err != failure {
		t.Errorf("cancelled: %d, %v", n, err)
	}
}
