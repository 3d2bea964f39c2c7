package simulation

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// mishaps are the incidents beside the confirmation.
func mishaps() []string {
	return []string{"user deleted", "user re-created", "user edits own attribute", "user edits owned attribute", "message twice",
		"message three times", "newer version", "poison body", "foreign pool"}
}

// person is one confirmed user; one who is re-created is another person.
type person struct {
	index         int
	username, sub string
	gone          bool
	edited        bool // an attribute of the pipeline's was written by somebody else
}

// people are all users there ever were, as the truth has it. It is safe for concurrent use.
type people struct {
	mu      sync.Mutex // held while somebody is made, deleted, or written to
	all     []*person
	current map[int]*person // by number
	poison  []string        // bodies that are no message, or not ours
}

// live lets everything happen to the users that the plan says.
func (p *people) live(ctx context.Context, w *world) {
	incidents := slices.Clone(w.plan.Incidents)
	slices.SortStableFunc(incidents, func(a, b incident) int { return int(a.At - b.At) })
	for _, i := range incidents {
		sleep(ctx, time.Until(w.born.Add(i.At)))
		w.say("user %d: %s", i.User, i.What)
		if err := p.happen(ctx, w, i); err != nil {
			w.violate("the world itself: %s: %v", i.What, err)
		}
		if i.What != "confirm" {
			w.strike(i.What)
		}
	}
}

// happen is one incident.
func (p *people) happen(ctx context.Context, w *world, i incident) error {
	who := p.of(i.User)
	switch i.What {
	case "confirm":
		return p.confirm(ctx, w, i.User)
	case "user deleted":
		return p.delete(ctx, w, who)
	case "user re-created":
		if err := p.delete(ctx, w, who); err != nil {
			return err
		}
		return p.confirm(ctx, w, i.User)
	case "user edits own attribute":
		return p.edit(ctx, w, who, "nickname")
	case "user edits owned attribute":
		return p.edit(ctx, w, who, "custom:company")
	case "message twice":
		return w.send(ctx, w.message(who))
	case "message three times":
		if err := w.send(ctx, w.message(who)); err != nil {
			return err
		}
		return w.send(ctx, w.message(who))
	case "newer version":
		return p.spoil(ctx, w, fmt.Sprintf(`{"v":2,"pool":%q,"user":"u%d","sub":"%s"}`, w.pool, i.User, canary))
	case "foreign pool":
		return p.spoil(ctx, w, fmt.Sprintf(`{"v":1,"pool":"eu-west-1_Elsewhere","user":"u%d","sub":"%s"}`, i.User, canary))
	}
	return p.spoil(ctx, w, among(w.dice.of("poison", i.User, int(i.At)), "hello "+canary, "{}", "null", `{"v":1,"pool":"`, "<html>"))
}

// of is who has a number now.
func (p *people) of(number int) *person {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current[number]
}

// confirm makes a confirmed user and its message.
func (p *people) confirm(ctx context.Context, w *world, number int) error {
	domain := []string{"acme.example", "other.example"}[number%2]
	email := fmt.Sprintf("%s-%d@%s", canary, number, domain)
	name := email
	if !w.plan.ByEmail {
		name = fmt.Sprintf("%s-user-%d", canary, number)
	}
	p.mu.Lock()
	up, err := w.clients.Cognito.SignUp(ctx, &cognitoidentityprovider.SignUpInput{ClientId: &w.client, Username: &name,
		Password: aws.String("Correct-Horse-7"), UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &email}}})
	if err != nil {
		p.mu.Unlock()
		return err
	}
	who := &person{index: number, username: name, sub: *up.UserSub}
	if w.plan.ByEmail {
		who.username = who.sub
	}
	p.current[number] = who
	p.all = append(p.all, who)
	p.mu.Unlock()
	_, err = w.clients.Cognito.AdminConfirmSignUp(ctx, &cognitoidentityprovider.AdminConfirmSignUpInput{UserPoolId: &w.pool, Username: &name})
	if err != nil {
		return err
	}
	return w.send(ctx, w.message(who))
}

func (p *people) delete(ctx context.Context, w *world, who *person) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if who.gone {
		return nil
	}
	who.gone = true
	_, err := w.clients.Cognito.AdminDeleteUser(ctx, &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: &w.pool, Username: &who.username})
	return err
}

// edit is what users, or other programs, write themselves.
func (p *people) edit(ctx context.Context, w *world, who *person, attribute string) error {
	p.mu.Lock()
	gone := who.gone
	if !gone && attribute != "nickname" {
		who.edited = true
	}
	p.mu.Unlock()
	if gone {
		return nil
	}
	_, err := w.clients.Cognito.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{
		UserPoolId: &w.pool, Username: &who.username, UserAttributes: []types.AttributeType{{Name: &attribute, Value: aws.String("edited")}}})
	return err
}

// spoil puts on the queue what is no run.
func (p *people) spoil(ctx context.Context, w *world, body string) error {
	p.mu.Lock()
	p.poison = append(p.poison, body)
	p.mu.Unlock()
	return w.send(ctx, body)
}

// message is the message that the trigger sends for a person.
func (w *world) message(who *person) string {
	return string(event.Message{Pool: w.pool, Region: "eu-west-1", User: who.username, Sub: who.sub, Generation: event.Onboarding,
		Source: event.SourceSignup, Client: w.client, At: time.Now(), Metadata: map[string]string{"plan": canary}}.Encode())
}

func (w *world) send(ctx context.Context, body string) error {
	_, err := w.clients.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &w.queue, MessageBody: &body})
	return err
}
