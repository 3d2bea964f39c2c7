package connect

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
)

const maxSkipped = 4 << 10 // bytes of a body that nobody wants

// readBody reads at most limit bytes of an answer, counted after decompression, so that a small gzip stream can't
// become a large one. Errors about the form are *enrich.Error; what the connection did wrong is returned as it is.
func readBody(answer *http.Response, limit int64) ([]byte, error) {
	plain, err := decoded(answer)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(plain, limit+1))
	switch {
	case damaged(err):
		return nil, answerFailure(enrich.Permanent, CodeEncoding, "the compressed answer is damaged")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, answerFailure(enrich.Temporary, CodeBodyTruncated, "the answer ended before its announced length")
	case err != nil:
		return nil, err
	case int64(len(body)) > limit:
		return nil, answerFailure(enrich.Permanent, CodeBodyTooLarge, fmt.Sprintf("the answer is longer than %d bytes", limit))
	case len(body) == 0:
		return nil, nil
	}
	return body, nil
}

// skip reads a short body to its end, so that the connection can be kept. A long one costs the connection.
func skip(answer *http.Response) {
	if answer.ContentLength >= 0 && answer.ContentLength <= maxSkipped {
		_, _ = io.Copy(io.Discard, answer.Body)
	}
}

// decoded undoes the one encoding that is asked for.
func decoded(answer *http.Response) (io.Reader, error) {
	encodings := strings.Join(answer.Header.Values("Content-Encoding"), ",")
	switch strings.ToLower(strings.TrimSpace(encodings)) {
	case "", "identity":
		return answer.Body, nil
	case "gzip", "x-gzip":
		return unzip(answer.Body)
	}
	return nil, answerFailure(enrich.Permanent, CodeEncoding, "the answer has an encoding that nobody asked for")
}

// unzip starts reading a gzip stream; an empty body stays empty (HEAD, 204, and servers in a hurry).
func unzip(body io.Reader) (io.Reader, error) {
	stream, err := gzip.NewReader(body)
	switch {
	case errors.Is(err, io.EOF):
		return bytes.NewReader(nil), nil
	case damaged(err):
		return nil, answerFailure(enrich.Permanent, CodeEncoding, "the compressed answer is damaged")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, answerFailure(enrich.Temporary, CodeBodyTruncated, "the answer ended before its announced length")
	}
	return stream, err
}

func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum)
}

// answerFailure is a failure of an answer that did come: the request was sent, and nothing denies its effect.
func answerFailure(kind enrich.FailureKind, code, text string) *enrich.Error {
	return &enrich.Error{Kind: kind, Code: code, Sent: true, Err: errors.New(text)}
}
