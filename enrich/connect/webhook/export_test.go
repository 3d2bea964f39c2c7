package webhook

import (
	"net/http"
	"time"
)

// Signed are the headers of a message that is signed with one secret.
func Signed(id string, now time.Time, body []byte, secret string) (http.Header, error) {
	k, err := newKey(secret)
	if err != nil {
		return nil, err
	}
	return signed(id, now, body, []key{k})
}
