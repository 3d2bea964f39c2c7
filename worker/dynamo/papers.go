package dynamo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// The items of the papers. They stand where no run can, like that of the budget.
//
//	person      "#paper#" and the drawer
//	generation  name
//	version     N
//	body        B
//	token       S          of the write that made this version
//	sum         B          16 bytes of SHA-256 over all of the above
const (
	paperPrefix = "#paper#"
	aVersion    = "version"
	aBody       = "body"
)

var (
	_ worker.Papers  = (*Ledger)(nil)
	_ worker.Index   = (*Ledger)(nil)
	_ worker.Amender = (*Ledger)(nil)
)

// sheet is a paper as the table has it.
type sheet struct {
	worker.Paper
	token string
}

func (s *sheet) checksum() []byte {
	return record.Sum([]string{"postconfirm/dynamo/paper/1", s.Drawer, s.Name, s.token}, []int64{s.Version}, s.Body)
}

func (s *sheet) item() item {
	i := paperPlace(s.Drawer, s.Name)
	i[aVersion], i[aBody], i[aToken], i[aSum] = number(s.Version), blob(s.Body), text(s.token), blob(s.checksum())
	if s.Body == nil { // a nil value of the SDK is none
		i[aBody] = blob([]byte{})
	}
	return i
}

func paperPlace(drawer, name string) item {
	return item{aPerson: text(paperPrefix + drawer), aGeneration: text(name)}
}

// sheetIn reads and checks an item.
func sheetIn(i item) (sheet, error) {
	r := reader{item: i}
	s := sheet{worker.Paper{Drawer: strings.TrimPrefix(r.text(aPerson), paperPrefix), Name: r.text(aGeneration), Version: r.number(aVersion),
		Body: r.blob(aBody)}, r.text(aToken)}
	if sum := r.blob(aSum); r.wrong != "" || !bytes.Equal(sum, s.checksum()) {
		return sheet{}, &PaperError{s.Drawer, s.Name}
	}
	return s, nil
}

// PutPaper stores a paper over the version it has, durably when it returns nil, and gives its new version; else
// worker.ErrPaperMoved. One conditional write. If its answer is lost, one consistent read says by the token whether the
// write was ours; if it can't be told, the error is an enrich.Error that is Unknown.
func (l *Ledger) PutPaper(ctx context.Context, p worker.Paper) (version int64, err error) {
	if err := worker.CheckPaper(p); err != nil {
		return 0, named("put paper", err)
	}
	next := sheet{p, l.token()}
	next.Version++
	if err := l.putPaper(ctx, next); err != nil {
		return 0, named("put paper", err)
	}
	return next.Version, nil
}

func (l *Ledger) putPaper(ctx context.Context, next sheet) error {
	request, cancel, err := l.begin(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	in := &dynamodb.PutItemInput{TableName: &l.table, Item: next.item(), ConditionExpression: aws.String("attribute_not_exists(#person)"),
		ExpressionAttributeNames: map[string]string{"#person": aPerson}}
	if next.Version > 1 {
		in.ConditionExpression, in.ExpressionAttributeNames = aws.String("#version = :version"), map[string]string{"#version": aVersion}
		in.ExpressionAttributeValues = item{":version": number(next.Version - 1)}
	}
	_, err = l.client.PutItem(request, in, once)
	if err == nil {
		return nil
	}
	var refused *types.ConditionalCheckFailedException
	failure := classify(ctx, err)
	if !errors.As(err, &refused) && !failure.Unknown() {
		return failure
	}
	return l.putBefore(ctx, next, refused != nil, failure)
}

// putBefore finds out whether a write was done whose answer got lost, or that was refused because somebody between here
// and the table sent it twice.
func (l *Ledger) putBefore(ctx context.Context, next sheet, refused bool, failure error) error {
	there, ok, err := l.sheet(ctx, next.Drawer, next.Name)
	switch {
	case err == nil && ok && there.token == next.token:
		return nil
	case refused:
		return worker.ErrPaperMoved
	case err == nil && there.Version != next.Version-1: // our write can't be done any more
		return worker.ErrPaperMoved
	}
	return failure
}

// sheet is a consistent read.
func (l *Ledger) sheet(ctx context.Context, drawer, name string) (sheet, bool, error) {
	ctx, cancel, err := l.begin(ctx)
	if err != nil {
		return sheet{}, false, err
	}
	defer cancel()
	out, err := l.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &l.table, Key: paperPlace(drawer, name), ConsistentRead: aws.Bool(true)}, once)
	if err != nil {
		return sheet{}, false, classify(ctx, err)
	}
	if len(out.Item) == 0 {
		return sheet{}, false, nil
	}
	s, err := sheetIn(out.Item)
	return s, err == nil, err
}

// Paper reads a paper, consistently; ok is false if there is none. One that is damaged is a *PaperError.
func (l *Ledger) Paper(ctx context.Context, drawer, name string) (p worker.Paper, ok bool, err error) {
	if drawer == "" || name == "" {
		return worker.Paper{}, false, nil // no key, so there is none
	}
	s, ok, err := l.sheet(ctx, drawer, name)
	return s.Paper, ok, named("read paper", err)
}

// Papers reads a drawer's papers with names behind after, in the order of their bytes, at most limit (100 if it is not
// positive): one consistent query for each megabyte. Those that are damaged are left out and stand in the error, each as
// a *PaperError.
func (l *Ledger) Papers(ctx context.Context, drawer, after string, limit int) (papers []worker.Paper, err error) {
	limit = cmp.Or(max(limit, 0), 100)
	var broken error
	for from := item(nil); ; {
		out, err := l.paperPage(ctx, drawer, after, limit, from)
		if err != nil {
			return papers, named("read papers", errors.Join(err, broken))
		}
		for _, i := range out.Items {
			s, err := sheetIn(i)
			if err != nil {
				broken = errors.Join(broken, err)
				continue
			}
			papers = append(papers, s.Paper)
		}
		if from = out.LastEvaluatedKey; len(from) == 0 || len(papers) >= limit {
			return papers[:min(len(papers), limit)], named("read papers", broken)
		}
	}
}

func (l *Ledger) paperPage(ctx context.Context, drawer, after string, limit int, from item) (*dynamodb.QueryOutput, error) {
	ctx, cancel, err := l.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	in := &dynamodb.QueryInput{TableName: &l.table, ConsistentRead: aws.Bool(true), ExclusiveStartKey: from, Limit: aws.Int32(int32(min(limit, 1000))),
		KeyConditionExpression:    aws.String("#person = :person"),
		ExpressionAttributeNames:  map[string]string{"#person": aPerson},
		ExpressionAttributeValues: item{":person": text(paperPrefix + drawer)}}
	if after != "" {
		in.KeyConditionExpression = aws.String("#person = :person AND #name > :after")
		in.ExpressionAttributeNames["#name"], in.ExpressionAttributeValues[":after"] = aGeneration, text(after)
	}
	out, err := l.client.Query(ctx, in, once)
	if err != nil {
		return nil, classify(ctx, err)
	}
	return out, nil
}

// DropPaper removes a paper, whatever its version; one that is not there is no error. It needs the permission
// dynamodb:DeleteItem.
func (l *Ledger) DropPaper(ctx context.Context, drawer, name string) error {
	if err := worker.CheckPaper(worker.Paper{Drawer: drawer, Name: name}); err != nil {
		return named("drop paper", err)
	}
	ctx, cancel, err := l.begin(ctx)
	if err != nil {
		return named("drop paper", err)
	}
	defer cancel()
	if _, err := l.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &l.table, Key: paperPlace(drawer, name)}, once); err != nil {
		return fmt.Errorf("dynamo: drop paper: %w", classify(ctx, err))
	}
	return nil
}

// PaperError says that one paper is not as it was written. It is ErrDamaged too. No run is affected.
type PaperError struct{ Drawer, Name string }

// Error gives drawer and name.
func (p *PaperError) Error() string {
	return "paper " + p.Drawer + "/" + p.Name + ": it is not as it was written"
}

// Unwrap is ErrDamaged.
func (p *PaperError) Unwrap() error { return ErrDamaged }
