package cognito

import (
	"cmp"
	"context"
	"slices"
	"time"
)

type listUsersInput struct {
	UserPoolId      string
	AttributesToGet []string
	Filter          string
	Limit           *int
	PaginationToken string
}

type listUsersOutput struct {
	Users           []userType
	PaginationToken string `json:",omitempty"`
}

// listUsers shows a page of users, oldest first. A page may be short, or empty, and have a successor.
func (s *Service) listUsers(_ context.Context, in *listUsersInput) (*listUsersOutput, error) {
	limit := maxPage
	if in.Limit != nil {
		if err := checkLimit(*in.Limit, "limit", 0); err != nil {
			return nil, err
		}
		limit = cmp.Or(*in.Limit, maxPage)
	}
	f, err := readFilter(in.Filter)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	after, err := readToken("users "+p.id+in.Filter, in.PaginationToken)
	if err != nil {
		return nil, err
	}
	p.sweep()
	out := &listUsersOutput{Users: []userType{}}
	if next := s.collect(p, f, after, limit, out); next > 0 {
		out.PaginationToken = writeToken("users "+p.id+in.Filter, next)
	}
	return out, pick(out.Users, in.AttributesToGet)
}

// collect fills a page and returns where the next one begins, 0 if there is none.
func (s *Service) collect(p *pool, f filter, after uint64, limit int, out *listUsersOutput) (next uint64) {
	then := time.Now().Add(-s.switches.ListLag)
	all := f.candidates(p)
	all = all[following(all, after):]
	for i, u := range all {
		if len(out.Users) == limit || s.switches.ListScan > 0 && i == s.switches.ListScan {
			return all[i-1].born
		}
		if r := u.at(then); r != nil && f.passes(p, u, r) {
			out.Users = append(out.Users, u.show(r))
		}
	}
	return 0
}

// pick leaves only the attributes that were asked for. AWS refuses when one of the users does not have them.
func pick(users []userType, names []string) error {
	if len(names) == 0 {
		return nil
	}
	for i := range users {
		var some attributes
		for _, name := range names {
			if !users[i].Attributes.has(name) {
				return invalid("One or more requested attributes do not exist.")
			}
			some = some.with(name, users[i].Attributes.get(name))
		}
		users[i].Attributes = some
	}
	return nil
}

// inOrder sorts a few users by age, in a copy.
func (p *pool) inOrder(few []*user) []*user {
	list := slices.Clone(few)
	slices.SortFunc(list, func(a, b *user) int { return cmp.Compare(a.born, b.born) })
	return list
}
