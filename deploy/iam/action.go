package iam

import "fmt"

// prefixes are the names that IAM has for the services of the SDK's packages (Service Authorization Reference, "Actions,
// resources, and condition keys for AWS services").
func prefixes() map[string]string {
	return map[string]string{
		"cognitoidentityprovider": "cognito-idp",
		"dynamodb":                "dynamodb",
		"s3":                      "s3",
		"secretsmanager":          "secretsmanager",
		"sesv2":                   "ses",
		"sqs":                     "sqs",
		"ssm":                     "ssm",
	}
}

// otherwise are the operations whose action has another name than they have (the same pages): a batch needs the right of
// the single call.
func otherwise() map[string]string {
	return map[string]string{
		"sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
		"sqs:DeleteMessageBatch":           "sqs:DeleteMessage",
		"sqs:SendMessageBatch":             "sqs:SendMessage",
		"sesv2:SendBulkEmail":              "ses:SendBulkEmail",
		"s3:HeadObject":                    "s3:GetObject",
		"s3:ListObjectsV2":                 "s3:ListBucket",
	}
}

// credentials are services that the SDK's chain of credentials calls, before there is a role whose rights could count.
func credentials() []string { return []string{"signin", "sso", "ssooidc", "sts"} }

// Action names the IAM action of an operation: the SDK's package and method, as in "sqs" and "DeleteMessageBatch". ""
// means that it needs none. A service that is not known is an error: somebody has to look up what IAM calls it.
func Action(service, operation string) (string, error) {
	for _, s := range credentials() {
		if s == service {
			return "", nil
		}
	}
	if action, other := otherwise()[service+":"+operation]; other {
		return action, nil
	}
	prefix, known := prefixes()[service]
	if !known {
		return "", fmt.Errorf("iam: what IAM calls the service of the package %q is not known", service)
	}
	return prefix + ":" + operation, nil
}
