package kfptest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
)

// A Fault answers a request in the place of the server, which it may ask for its
// own answer. It must not wait longer than the request's context, which also
// ends with the server.
type Fault func(w http.ResponseWriter, r *http.Request, server http.Handler)

// A Rule says which requests go wrong, and how.
type Rule struct {
	// Method and Path are the request's; Path is a pattern of path.Match, like
	// "/apis/v2beta1/runs/*:terminate". "" stands for every one.
	Method, Path string
	// Skip is how many such requests are served well before.
	Skip int
	// Times is how many go wrong then; 0 is all of them.
	Times int
	Fault Fault
}

// A rule is a Rule that is in force, with what has become of it.
type rule struct {
	Rule
	seen int
}

// Fail puts rules in force. Of several that fit, the first one that is not used
// up counts.
func (s *Server) Fail(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rules {
		s.rules = append(s.rules, &rule{Rule: r})
	}
}

// Heal takes all rules back.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// fault returns what goes wrong with a request; nil if nothing does. mu is held.
func (s *Server) fault(r *http.Request) Fault {
	for _, rule := range s.rules {
		if !rule.fits(r) {
			continue
		}
		rule.seen++
		if n := rule.seen - rule.Skip; n > 0 && (rule.Times == 0 || n <= rule.Times) {
			return rule.Fault
		}
	}
	return nil
}

func (r *rule) fits(req *http.Request) bool {
	if r.Method != "" && r.Method != req.Method {
		return false
	}
	ok, _ := path.Match(r.Path, req.URL.Path) // a bad pattern fits nothing
	return r.Path == "" || ok
}

// Status answers with a status and a text, and does nothing.
func Status(code int, text string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}
}

// Reset resets the connection, and does nothing.
func Reset() Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // else the end is a polite one
			}
			conn.Close()
			return
		}
		panic(http.ErrAbortHandler)
	}
}

// Lose lets the server do what it is asked, loses its answer, and goes wrong as
// f does: by a Reset, or by the Status of a proxy.
func Lose(f Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		server.ServeHTTP(httptest.NewRecorder(), r)
		f(w, r, server)
	}
}

// Hold keeps the request back until the test closes release, or sends to it;
// then the server answers. Nothing is done if the client, or the server, is gone
// by then.
func Hold(release <-chan struct{}) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		select {
		case <-release:
			server.ServeHTTP(w, r)
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
}

// Twice delivers the request twice, as proxies do that try again. The client
// gets the second answer.
func Twice() Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		for _, to := range []http.ResponseWriter{httptest.NewRecorder(), w} {
			again := r.Clone(r.Context())
			again.Body = io.NopCloser(bytes.NewReader(body))
			server.ServeHTTP(to, again)
		}
	}
}

// Cut breaks the server's answer off after n bytes.
func Cut(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		rec := httptest.NewRecorder()
		server.ServeHTTP(rec, r)
		full := rec.Body.Bytes()
		w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		w.WriteHeader(rec.Code)
		_, _ = w.Write(full[:min(n, len(full))])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
