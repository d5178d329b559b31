// Package grpcweb frames the messages of unary gRPC-Web calls, which are
// ordinary HTTP requests: enough of the protocol to read from a server, or to
// be one in a test.
//
// A body is a row of frames: a byte of flags, four bytes of length, big endian,
// and so many bytes. A request is one frame with the message. An answer is one
// with the message and one with the trailers, among which is the status; where
// there is no message, the trailers may be among the headers.
package grpcweb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// MediaType is that of requests and answers.
const MediaType = "application/grpc-web+proto"

// The codes that matter.
const (
	OK            = 0
	NotFound      = 5
	Unimplemented = 12
)

const (
	headerSize = 5
	trailers   = 0x80 // the flag of a frame with trailers
)

// A Status is how a call ended, if not well.
type Status struct {
	Code    int
	Message string
}

// Error returns what the server said, or its code.
func (s *Status) Error() string {
	if s.Message == "" {
		return fmt.Sprintf("gRPC status %d", s.Code)
	}
	return s.Message
}

// IsAnswer tells whether an answer of that media type is a gRPC-Web server's.
func IsAnswer(mediaType string) bool {
	return mediaType == MediaType || mediaType == "application/grpc-web"
}

// AppendMessage appends a frame with a message.
func AppendMessage(b, message []byte) []byte { return appendFrame(b, 0, message) }

// AppendStatus appends a frame with trailers.
func AppendStatus(b []byte, s Status) []byte {
	text := fmt.Sprintf("grpc-status:%d\r\ngrpc-message:%s\r\n", s.Code, url.PathEscape(s.Message))
	return appendFrame(b, trailers, []byte(text))
}

func appendFrame(b []byte, flags byte, payload []byte) []byte {
	b = append(b, flags)
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	return append(b, payload...)
}

// Message returns the message in an answer, a part of the body. Where the call
// did not end well, the error is a *Status; any other error says that the
// answer is broken.
func Message(header http.Header, body []byte) ([]byte, error) {
	var message []byte
	var end *Status
	if header.Get("Grpc-Status") != "" {
		s, err := status(header.Get("Grpc-Status"), header.Get("Grpc-Message"))
		if err != nil {
			return nil, err
		}
		end = s
	}
	messages := 0
	for len(body) > 0 {
		if len(body) < headerSize {
			return nil, errors.New("the answer is cut off")
		}
		flags, size := body[0], binary.BigEndian.Uint32(body[1:])
		body = body[headerSize:]
		if uint64(size) > uint64(len(body)) {
			return nil, errors.New("the answer is cut off")
		}
		payload := body[:size:size]
		body = body[size:]
		switch flags {
		case 0:
			if messages++; messages > 1 {
				return nil, errors.New("the answer has more than one message")
			}
			message = payload
		case trailers:
			s, err := parseTrailers(string(payload))
			if err != nil {
				return nil, err
			}
			if end = s; len(body) > 0 {
				return nil, errors.New("the answer goes on behind its end")
			}
		default:
			// Compressed, mostly, which nobody asked for.
			return nil, fmt.Errorf("the answer has a frame of an unknown kind, %#02x", flags)
		}
	}
	switch {
	case end == nil:
		return nil, errors.New("the answer is cut off: it has no status")
	case end.Code != OK:
		return nil, end
	case messages == 0:
		return nil, errors.New("the answer has no message")
	}
	return message, nil
}

// parseTrailers reads the status in trailers.
func parseTrailers(text string) (*Status, error) {
	var code, message string
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "grpc-status":
			code = strings.TrimSpace(value)
		case "grpc-message":
			message = strings.TrimSpace(value)
		}
	}
	return status(code, message)
}

// status reads a status; the message is percent-encoded.
func status(code, message string) (*Status, error) {
	n, err := strconv.ParseUint(code, 10, 16)
	if err != nil {
		return nil, errors.New("the answer has no readable status")
	}
	if text, err := url.PathUnescape(message); err == nil {
		message = text
	}
	return &Status{Code: int(n), Message: message}, nil
}
