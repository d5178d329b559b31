package grpcweb

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
)

var ok = AppendStatus(nil, Status{})

func header(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestMessage(t *testing.T) {
	for _, test := range []struct {
		name   string
		header http.Header
		body   []byte
		want   string
	}{
		{"message and status", nil, append(AppendMessage(nil, []byte("hello")), ok...), "hello"},
		{"empty message", nil, append(AppendMessage(nil, nil), ok...), ""},
		{"status among the headers", header("grpc-status", "0"), AppendMessage(nil, []byte("hello")), "hello"},
		{"trailers as others write them", nil, append(AppendMessage(nil, []byte("x")), "\x80\x00\x00\x00\x19Grpc-Status: 0\r\nfoo: bar\n"...), "x"},
	} {
		got, err := Message(test.header, test.body)
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
	}
}

func TestStatus(t *testing.T) {
	want := Status{Code: 5, Message: "no 100% größe: found"}
	for name, test := range map[string]struct {
		header http.Header
		body   []byte
	}{
		"trailers only":             {nil, AppendStatus(nil, want)},
		"headers only":              {header("grpc-status", "5", "grpc-message", "no%20100%25%20gr%C3%B6%C3%9Fe%3A%20found"), nil},
		"after a message":           {nil, AppendStatus(AppendMessage(nil, []byte("half")), want)},
		"trailers win over headers": {header("grpc-status", "0"), AppendStatus(nil, want)},
	} {
		_, err := Message(test.header, test.body)
		got := (*Status)(nil)
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text := (&Status{Code: 13}).Error(); text != "gRPC status 13" {
		t.Error(text)
	}
	// A message that is not encoded as it should be is shown as it is.
	if _, err := Message(header("grpc-status", "2", "grpc-message", "50% done"), nil); err == nil || err.Error() != "50% done" {
		t.Error(err)
	}
}

func TestBrokenAnswers(t *testing.T) {
	whole := append(AppendMessage(nil, []byte("hello")), ok...)
	for n := range whole {
		if got, err := Message(nil, whole[:n]); err == nil {
			t.Errorf("the first %d bytes give %q", n, got)
		}
	}
	compressed := bytes.Clone(whole)
	compressed[0] = 1
	for name, test := range map[string]struct {
		header http.Header
		body   []byte
		want   string
	}{
		"cut off":                {nil, whole[:7], "the answer is cut off"},
		"no status":              {nil, AppendMessage(nil, []byte("x")), "the answer is cut off: it has no status"},
		"empty":                  {nil, nil, "the answer is cut off: it has no status"},
		"no message":             {nil, ok, "the answer has no message"},
		"compressed":             {nil, compressed, "the answer has a frame of an unknown kind, 0x01"},
		"two messages":           {nil, AppendMessage(AppendMessage(nil, nil), nil), "the answer has more than one message"},
		"more behind the status": {nil, append(bytes.Clone(ok), ok...), "the answer goes on behind its end"},
		"a status that is none":  {nil, appendFrame(nil, trailers, []byte("grpc-status: good\r\n")), "the answer has no readable status"},
		"trailers without one":   {nil, appendFrame(nil, trailers, nil), "the answer has no readable status"},
		"a header that is none":  {header("grpc-status", "-1"), whole, "the answer has no readable status"},
	} {
		if _, err := Message(test.header, test.body); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("", append(AppendMessage(nil, []byte("hello")), ok...))
	f.Add("0", AppendMessage(nil, nil))
	f.Add("5", []byte{0x80, 0, 0, 0, 1, ':'})
	f.Add("", []byte{0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, status string, body []byte) {
		got, err := Message(http.Header{"Grpc-Status": {status}}, body)
		if err == nil && len(got)+headerSize > len(body) {
			t.Fatalf("%d bytes give %d", len(body), len(got))
		}
	})
}
