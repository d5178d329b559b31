package mlmd

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read returns what ML Metadata's own Go code encoded: testdata was written with
// its generated messages, v0.0.0-20240416215826-da804407ad31, with more fields
// than are read here.
func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// official are the properties of the things in testdata, which have one more,
// of a kind that is not read.
var official = Properties{
	"text": "größe", "empty": "", "int": int64(-7), "zero": int64(0), "double": 0.25, "bool": true,
	"struct": map[string]any{"n": 1.5, "list": []any{true, nil, "x"}, "deep": map[string]any{"a": "b"}},
}

var (
	wantExecutions = Page[*Execution]{Next: "more", Items: []*Execution{
		{ID: 1, Name: "run/run-1", Type: "system.DAGExecution", LastKnownState: StateRunning, CustomProperties: Properties{}, Created: 1795337431453, Updated: 1795337431454},
		{ID: 2, Type: "system.ContainerExecution", LastKnownState: StateCanceled, CustomProperties: official},
	}}
	wantEvents = Page[*Event]{Items: []*Event{
		{ArtifactID: 50, ExecutionID: 2, Type: EventOutput, Key: "result"},
		{ArtifactID: 51, ExecutionID: 2, Type: EventInput},
	}}
	wantArtifacts = Page[*Artifact]{Next: "more", Items: []*Artifact{{
		ID: 50, Name: "own", Type: "system.Model", URI: "minio://b/k", Properties: Properties{"p": int64(1)}, CustomProperties: official,
	}}}
	wantContext = &Context{ID: 42, CustomProperties: Properties{"namespace": "team"}}
)

func check[T any](t *testing.T, what string, want T, decode func([]byte) (T, error), b []byte) {
	t.Helper()
	got, err := decode(b)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got\n%s", what, diff)
	}
}

func TestDecodeOfficial(t *testing.T) {
	check(t, "context", wantContext, DecodeContext, read(t, "context.bin"))
	check(t, "no context", nil, DecodeContext, read(t, "nocontext.bin"))
	check(t, "executions", wantExecutions, DecodeExecutions, read(t, "executions.bin"))
	check(t, "events", wantEvents, DecodeEvents, read(t, "events.bin"))
	check(t, "artifacts", wantArtifacts, DecodeArtifacts, read(t, "artifacts.bin"))
}

func TestEncodeAndDecode(t *testing.T) {
	check(t, "context", wantContext, DecodeContext, wantContext.Encode())
	check(t, "no context", nil, DecodeContext, (*Context)(nil).Encode())
	check(t, "executions", wantExecutions, DecodeExecutions, wantExecutions.Encode())
	check(t, "events", wantEvents, DecodeEvents, wantEvents.Encode())
	check(t, "artifacts", wantArtifacts, DecodeArtifacts, wantArtifacts.Encode())
}

func TestRequests(t *testing.T) {
	page := &Query{ContextID: 42, MaxResultSize: 100, PageToken: "more"}
	context := &Query{TypeName: ContextTypeRun, ContextName: "run-1"}
	ids := &Query{IDs: []int64{1, 300}}
	for _, test := range []struct {
		method, file string
		query        *Query
		request      []byte
	}{
		{GetContext, "request-context.bin", context, context.ForContext()},
		{GetExecutions, "request-page.bin", page, page.ForPage()},
		{GetArtifacts, "request-page.bin", page, page.ForPage()},
		{GetEvents, "request-ids.bin", ids, ids.ForIDs()},
		{GetArtifactsByID, "request-ids.bin", ids, ids.ForIDs()},
	} {
		if want := read(t, test.file); !bytes.Equal(test.request, want) {
			t.Errorf("%s: the request is %x, not %x", test.method, test.request, want)
		}
		check(t, test.method, test.query, func(b []byte) (*Query, error) { return DecodeQuery(test.method, b) }, test.request)
	}
	// IDs may be packed.
	check(t, "packed", ids, func(b []byte) (*Query, error) { return DecodeQuery(GetEvents, b) }, []byte{1<<3 | 2, 3, 1, 0xac, 2})
}

func TestBrokenMessages(t *testing.T) {
	whole := read(t, "executions.bin")
	for n := range whole {
		page, err := DecodeExecutions(whole[:n])
		// A message that ends between two fields is one with fewer fields.
		if err == nil && len(page.Items) == len(wantExecutions.Items) && page.Next != "" {
			t.Errorf("the first %d of %d bytes give all there is", n, len(whole))
		}
	}
	for name, b := range map[string][]byte{
		"a field number of 0":        {0, 1},
		"an endless varint":          bytes.Repeat([]byte{0xff}, 20),
		"a length beyond the end":    {1<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a group without an end":     {9<<3 | 3},
		"a broken property":          {1<<3 | 2, 2, 5<<3 | 2, 9},
		"a structure that is broken": {1<<3 | 2, 8, 5<<3 | 2, 6, 2<<3 | 2, 4, 4<<3 | 2, 2, 0xff, 0xff},
	} {
		if page, err := DecodeExecutions(b); err == nil {
			t.Errorf("%s: %v", name, page)
		}
	}
	// The same field numbers with other kinds are fields that nobody knows.
	check(t, "other kinds", Page[*Event]{Items: []*Event{{}}}, DecodeEvents, []byte{1<<3 | 2, 4, 1<<3 | 2, 0, 4<<3 | 2, 0})
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"context.bin", "executions.bin", "events.bin", "artifacts.bin", "request-page.bin", "request-ids.bin"} {
		f.Add(read(f, name))
	}
	f.Add([]byte{0x0b, 0x0b, 0x0c, 0x0c})
	f.Fuzz(func(t *testing.T, b []byte) {
		DecodeContext(b)
		DecodeEvents(b)
		for _, method := range []string{GetContext, GetExecutions, GetEvents} {
			DecodeQuery(method, b)
		}
		if page, err := DecodeArtifacts(b); err == nil {
			check(t, "artifacts", page, DecodeArtifacts, page.Encode())
		}
		page, err := DecodeExecutions(b)
		if err != nil {
			return
		}
		for _, e := range page.Items {
			if e == nil {
				t.Fatal("nil")
			}
		}
	})
}
