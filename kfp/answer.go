package kfp

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// An answer is the body of an answer that is an error, taken apart.
type answer struct {
	code    int
	message string
	details []string
	// ours tells whether the body has the form of a KFP server's.
	ours bool
	// page tells whether it is a page for browsers.
	page bool
}

const (
	// maxErrorBody bounds what is read of an answer that is an error.
	maxErrorBody = 1 << 18
	// maxDetails bounds what is kept of one.
	maxDetails = 8
)

// parseAnswer reads the body of an error, in any form that is known:
//
//	{"code": 5, "message": "…", "details": […]}    the API
//	{"error": "…", "code": 5, "message": "…", …}   the API, in older servers
//	{"error": {"code": 5, "message": "…", …}}      gateways
//	{"error_message": "…", "error_details": "…"}   uploads, logs and artifacts
//	plain text                                     the dashboard, proxies
//	HTML                                           proxies
//
// The texts in it are as the server sent them.
func parseAnswer(body []byte) answer {
	if isPage(body) {
		return answer{page: true}
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		var text string // a JSON string, or no JSON
		if json.Unmarshal(body, &text) != nil {
			text = string(body)
		}
		return answer{message: text}
	}
	inner := fields["error"]
	var nested map[string]json.RawMessage
	if json.Unmarshal(inner, &nested) == nil && nested != nil {
		fields = nested
	}
	var a answer
	a.message = firstText(fields["message"], inner, fields["error_message"])
	_ = json.Unmarshal(fields["code"], &a.code) // one that is no number is none
	a.ours = fields["code"] != nil && fields["message"] != nil || fields["error_message"] != nil
	if detail := firstText(fields["error_details"]); detail != "" {
		// A stack trace follows.
		detail, _, _ = strings.Cut(detail, "\n")
		a.details = append(a.details, detail)
	}
	var details []json.RawMessage
	_ = json.Unmarshal(fields["details"], &details) // any other form is of no use
	for _, d := range details {
		var status struct {
			Message string `json:"message"`
		}
		_ = json.Unmarshal(d, &status)
		if text := firstText(d); text != "" {
			status.Message = text
		}
		if status.Message != "" && len(a.details) < maxDetails {
			a.details = append(a.details, status.Message)
		}
	}
	if a.message == "" && len(a.details) > 0 {
		a.message, a.details = a.details[0], a.details[1:]
	}
	return a
}

// firstText returns the first of some JSON values that is a string, and not
// empty.
func firstText(values ...json.RawMessage) string {
	for _, v := range values {
		var text string
		if json.Unmarshal(v, &text) == nil && text != "" {
			return text
		}
	}
	return ""
}

// isPage tells whether a body is a page for browsers.
func isPage(body []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 512)]))
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

// flat makes a text of a server one line, without anything that would move a
// terminal's cursor.
func flat(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}

const (
	// maxMessage bounds what is shown of a text, in bytes. What a server says of
	// a cause stands at the end.
	maxMessage   = 1000
	messageStart = 300
)

// short leaves out the middle of a text that is too long.
func short(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	end := text[len(text)-(maxMessage-messageStart):]
	return strings.ToValidUTF8(text[:messageStart], "") + " … " + strings.ToValidUTF8(end, "")
}
