package cognito

import (
	"encoding/base64"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// maxPage is how many of anything one page shows (Cognito API Reference, ListUsers and others).
const maxPage = 60

// numbered is what a list is ordered by.
type numbered interface{ order() uint64 }

// page cuts a list, which is in order, after the token of the page before.
func page[T numbered](all []T, kind, token string, limit int) (shown []T, next string, err error) {
	after, err := readToken(kind, token)
	if err != nil {
		return nil, "", err
	}
	all = all[following(all, after):]
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], writeToken(kind, all[limit-1].order()), nil
}

// following finds the first element after a number.
func following[T numbered](all []T, after uint64) int {
	return sort.Search(len(all), func(i int) bool { return all[i].order() > after })
}

// writeToken makes a token that says where the next page begins. It is good for the same question only.
func writeToken(kind string, after uint64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d/%s", after, kind))
}

func readToken(kind, token string) (after uint64, err error) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, invalid("Invalid pagination token given.")
	}
	n, got, _ := strings.Cut(string(b), "/")
	if after, err = strconv.ParseUint(n, 10, 64); err != nil || got != kind {
		return 0, invalid("Invalid pagination token given.")
	}
	return after, nil
}

// checkLimit holds a page size to its range; 0 means the largest.
func checkLimit(limit int, member string, least int) error {
	switch {
	case limit < least:
		return violates(limit, member, "have value greater than or equal to %d", least)
	case limit > maxPage:
		return violates(limit, member, "have value less than or equal to %d", maxPage)
	}
	return nil
}
