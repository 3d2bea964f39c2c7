package cognito

import (
	"slices"
	"time"
)

// The states of a user that can come up here (API Reference, UserType).
const (
	unconfirmed         = "UNCONFIRMED"
	confirmed           = "CONFIRMED"
	forceChangePassword = "FORCE_CHANGE_PASSWORD"
	resetRequired       = "RESET_REQUIRED"
	externalProvider    = "EXTERNAL_PROVIDER"
)

// user is one user of a pool. Name, sub and creation never change; the rest is replaced as a whole by pool.commit.
type user struct {
	username string
	sub      string
	created  time.Time
	born     uint64

	now  *record // nil when deleted
	past []shown // what ListUsers may still have to show, oldest first
	code code
}

func (u *user) order() uint64 { return u.born }

// record is the state of a user at one time. It is never changed in place.
type record struct {
	attributes attributes
	status     string
	enabled    bool
	modified   time.Time
}

// shown is a state that lasted until a time; a nil record is a user who was not there.
type shown struct {
	until time.Time
	*record
}

// at gives the state at a time, nil when the user did not exist then.
func (u *user) at(t time.Time) *record {
	for _, v := range u.past {
		if v.until.After(t) {
			return v.record
		}
	}
	return u.now
}

// forgotten tells whether a deleted user can't be seen any more by one who sees the state at a time.
func (u *user) forgotten(then time.Time) bool {
	return len(u.past) == 0 || !u.past[len(u.past)-1].until.After(then)
}

// replace sets a new state and remembers the old one as long as ListUsers needs it.
func (u *user) replace(next *record, now time.Time, lag time.Duration) {
	if lag == 0 {
		u.past = nil
	} else {
		u.past = slices.DeleteFunc(u.past, func(v shown) bool { return !v.until.After(now.Add(-lag)) })
		u.past = append(u.past, shown{now, u.now})
	}
	u.now = next
}

// The purposes of a code.
const (
	forSignUp   = "sign-up"
	forPassword = "password"
)

// How long a code is good (developer guide: 24 hours for a confirmation, one hour for a password).
const (
	signUpLife   = 24 * time.Hour
	passwordLife = time.Hour
)

// code is what was last sent to a user.
type code struct {
	purpose   string
	value     string
	attribute string // where it was sent, and so what it proves
	expires   time.Time
}

// delivery tells the caller where a code went (API Reference, CodeDeliveryDetailsType).
type delivery struct {
	AttributeName  string
	DeliveryMedium string
	Destination    string
}

func deliveryTo(attribute, value string) *delivery {
	medium := "EMAIL"
	if attribute == phoneAttribute {
		medium = "SMS"
	}
	return &delivery{AttributeName: attribute, DeliveryMedium: medium, Destination: masked(attribute, value)}
}

// send issues a code to one of the user's addresses. The caller holds the lock.
func (s *Service) send(u *user, purpose, to string, life time.Duration) *delivery {
	u.code = code{purpose: purpose, value: s.letters(6, digits), attribute: to, expires: time.Now().Add(life)}
	return deliveryTo(to, u.now.attributes.get(to))
}

// check holds what a user typed to the code that was sent, or to the one that is always right.
func (s *Service) check(u *user, purpose, typed string) error {
	switch {
	case typed == "":
		return violates(nil, "confirmationCode", "not be null")
	case typed == s.o.Code:
		return nil
	case u.code.purpose != purpose || !time.Now().Before(u.code.expires):
		return expiredCode()
	case u.code.value != typed:
		return wrongCode()
	}
	return nil
}
