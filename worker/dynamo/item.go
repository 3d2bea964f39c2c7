package dynamo

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/postconfirm/postconfirm/worker"
)

// item is a row in the words of DynamoDB.
type item = map[string]types.AttributeValue

// The attributes. Several are reserved words, so expressions name them by placeholders only.
const (
	aPerson     = "person"
	aGeneration = "generation"
	aKey        = "key"
	aState      = "state"
	aOwner      = "owner"
	aLease      = "lease"
	aFence      = "fence"
	aCrashes    = "crashes"
	aUpdated    = "updated"
	aFirstSeen  = "first_seen"
	aErased     = "erased"
	aToken      = "token"
	aRecord     = "record"
	aSum        = "sum"
	aTrouble    = "trouble"
	aUnfinished = "unfinished" // attribute and index
	aExpires    = "expires"
)

// keep is how long a run of a user who is gone stays: longer than any copy of its message can live in queue (14 days)
// and dead-letter queue (14 more).
const keep = 30 * 24 * time.Hour

// maxItem is what an item may measure (developer guide, "Quotas": 400 KB, names included), less room for the owner that
// a later claim adds.
const maxItem = 400*1024 - 1024

// item makes the item of a row. *TooLarge says that there is none.
func (v *row) item() (item, error) {
	i := item{aPerson: text(v.person), aGeneration: text(v.generation), aKey: text(v.key), aState: text(v.state),
		aLease: number(v.lease), aFence: number(v.fence), aCrashes: number(v.crashes), aUpdated: number(v.updated),
		aFirstSeen: number(v.first), aErased: number(v.erased), aToken: text(v.token),
		aRecord: blob(v.record), aSum: blob(v.sum)}
	if v.owner != "" {
		i[aOwner] = text(v.owner)
	}
	if v.trouble != "" {
		i[aTrouble] = text(v.trouble)
	}
	if v.inIndex() {
		i[aUnfinished] = text(v.key)
	}
	switch worker.RunState(v.state) {
	case worker.Gone, worker.Replaced:
		i[aExpires] = number((v.updated + int64(keep)) / int64(time.Second))
	}
	if n := size(i); n > maxItem {
		return nil, &TooLarge{v.key, n}
	}
	return i, nil
}

// rowIn reads and checks an item.
func rowIn(i item) (row, error) {
	r := reader{item: i}
	v := row{key: r.text(aKey), person: r.text(aPerson), generation: r.text(aGeneration), state: r.text(aState),
		lease: r.number(aLease), fence: r.number(aFence), crashes: r.number(aCrashes), updated: r.number(aUpdated),
		first: r.number(aFirstSeen), erased: r.number(aErased), token: r.text(aToken), record: r.blob(aRecord), sum: r.blob(aSum)}
	if _, held := i[aOwner]; held {
		v.owner = r.text(aOwner)
	}
	if _, in := i[aTrouble]; in {
		v.trouble = r.text(aTrouble)
	}
	if r.wrong != "" {
		return row{}, &RecordError{v.key, "its attribute " + r.wrong + " is missing or of another type"}
	}
	return v, v.check()
}

// reader remembers the first attribute that is not as it should be.
type reader struct {
	item  item
	wrong string
}

func (r *reader) miss(name string) {
	if r.wrong == "" {
		r.wrong = name
	}
}

func (r *reader) text(name string) string {
	v, ok := r.item[name].(*types.AttributeValueMemberS)
	if !ok {
		r.miss(name)
		return ""
	}
	return v.Value
}

func (r *reader) number(name string) int64 {
	v, ok := r.item[name].(*types.AttributeValueMemberN)
	if !ok {
		r.miss(name)
		return 0
	}
	n, err := strconv.ParseInt(v.Value, 10, 64)
	if err != nil {
		r.miss(name)
	}
	return n
}

func (r *reader) blob(name string) []byte {
	v, ok := r.item[name].(*types.AttributeValueMemberB)
	if !ok {
		r.miss(name)
		return nil
	}
	return v.Value
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func blob(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }

// size is what DynamoDB counts for an item (developer guide, "DynamoDB item sizes and formats"): names and values in
// bytes, a number as half its digits and at most two bytes more.
func size(i item) int {
	total := 0
	for name, value := range i {
		total += len(name)
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			total += len(v.Value)
		case *types.AttributeValueMemberB:
			total += len(v.Value)
		case *types.AttributeValueMemberN:
			total += (len(v.Value)+1)/2 + 2
		}
	}
	return total
}
