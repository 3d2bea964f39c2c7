// Package sources reads what a worker needs before and beside its messages from AWS: the pipeline file from S3 or
// Parameter Store, secrets from Parameter Store or Secrets Manager.
//
// It promises: one bounded read for each thing; a secret is kept for its life and asked for once however many runs want
// it at the same time; a rotated secret is used when that life is over, without a restart; while the service can't be asked, the
// last value goes on being used, for an hour at the most.
//
// It refuses to put a value, or a service's own message, into an error, and to read more than a pipeline may have.
package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
)

// maxDocument is the largest pipeline file that is read, in bytes.
const maxDocument = 1 << 20

// readTimeout bounds one read, its tries included.
const readTimeout = 8 * time.Second

// Parameters is SSM Parameter Store; *ssm.Client is one.
type Parameters interface {
	GetParameter(ctx context.Context, in *ssm.GetParameterInput, o ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

// Objects is S3; *s3.Client is one.
type Objects interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// SecretValues is Secrets Manager; *secretsmanager.Client is one.
type SecretValues interface {
	GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, o ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Clients are the services that are read from. They are safe for concurrent use.
type Clients struct {
	Parameters   Parameters
	Objects      Objects
	SecretValues SecretValues
}

// Connect makes the clients; nothing is called yet. They try three times: these are reads, and nobody else repeats them.
// An endpoint of one's own is asked for buckets by path.
func Connect(cfg aws.Config) Clients {
	cfg.Retryer = func() aws.Retryer { return retry.NewStandard() }
	return Clients{
		Parameters:   ssm.NewFromConfig(cfg),
		SecretValues: secretsmanager.NewFromConfig(cfg),
		Objects:      s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil }),
	}
}

// IsDocument tells whether a place is one that Document reads, and not a path.
func IsDocument(place string) bool {
	return strings.HasPrefix(place, "s3://") || strings.HasPrefix(place, "ssm:")
}

// Document reads a file from "s3://BUCKET/KEY" or "ssm:NAME". Errors name the place and the service's code.
func (c Clients) Document(ctx context.Context, place string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if name, ok := strings.CutPrefix(place, "ssm:"); ok && name != "" {
		text, err := c.parameter(ctx, name)
		return []byte(text), err
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(place, "s3://"), "/")
	if !strings.HasPrefix(place, "s3://") || bucket == "" || key == "" {
		return nil, fmt.Errorf("%q %w", place, ErrPlace)
	}
	return c.object(ctx, bucket, key)
}

func (c Clients) object(ctx context.Context, bucket, key string) ([]byte, error) {
	out, err := c.Objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("s3: get object s3://%s/%s: %w", bucket, key, plain(err))
	}
	defer out.Body.Close()
	data, err := io.ReadAll(io.LimitReader(out.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("s3: read object s3://%s/%s: the connection ended early", bucket, key)
	case len(data) > maxDocument:
		return nil, fmt.Errorf("s3: read object s3://%s/%s: it is larger than %d bytes", bucket, key, maxDocument)
	}
	return data, nil
}

func (c Clients) parameter(ctx context.Context, name string) (string, error) {
	out, err := c.Parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", fmt.Errorf("ssm: get parameter %s: %w", name, plain(err))
	}
	if out.Parameter == nil {
		return "", fmt.Errorf("ssm: get parameter %s: no parameter in the answer", name)
	}
	return aws.ToString(out.Parameter.Value), nil
}

func (c Clients) secretValue(ctx context.Context, name string) (string, error) {
	out, err := c.SecretValues.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		return "", fmt.Errorf("secretsmanager: get secret value %s: %w", name, plain(err))
	}
	return aws.ToString(out.SecretString), nil
}

// ErrPlace says that a place is not one that Document can read.
var ErrPlace = errors.New("is no place of a file: want s3://BUCKET/KEY or ssm:NAME")

// ErrMissing says that the service has no such thing, so that an old value is of no use either.
var ErrMissing = errors.New("it does not exist")

// plain keeps the code of a service's error; its message may repeat what was asked or found.
func plain(err error) error {
	var api smithy.APIError
	switch {
	case !errors.As(err, &api) && errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case !errors.As(err, &api):
		return errors.New("no answer")
	}
	switch code := api.ErrorCode(); code {
	case "ParameterNotFound", "ResourceNotFoundException", "NoSuchKey", "NoSuchBucket", "NotFound":
		return ErrMissing
	default:
		return errors.New(code)
	}
}
