package iam

// Right is an action that a program needs without calling it.
type Right struct {
	Action, Why string
}

// Beside are the rights of a program besides what its code calls, as far as templates give them.
func Beside(program string) []Right {
	logs := []Right{
		{"logs:CreateLogStream", "Lambda writes the function's log under its role"},
		{"logs:PutLogEvents", "Lambda writes the function's log under its role"},
	}
	seal := []Right{
		{"kms:Decrypt", "the queue's own key (Amazon SQS developer guide, key management)"},
		{"kms:GenerateDataKey", "the queue's own key, for who sends"},
	}
	switch program {
	case Trigger, Daemon:
		if program == Trigger {
			return append(logs, seal...)
		}
		return seal
	case PreSign:
		return logs
	case Function:
		return append(append(logs, seal...),
			Right{"sqs:ReceiveMessage", "the event source mapping receives under the function's role"},
			Right{"sqs:DeleteMessage", "the event source mapping deletes under the function's role"})
	case "postconfirm dlq list", "postconfirm replay run": // one that receives, one that sends
		return seal
	}
	return nil
}

// Optional tells of an action of a program that only some deployments need, what for; "" of one that all need. Templates
// give an optional one only where a parameter asks for it.
func Optional(program, action string) string {
	if program != PreSign && action == "cognito-idp:ListUsers" {
		return "" // who looks for people in the pool always asks it
	}
	return map[string]string{
		"cognito-idp:DescribeUserPoolClient": "the daemon's look at app clients",
		"cognito-idp:ListUserPoolClients":    "the daemon's look at app clients",
		"cognito-idp:ListUsers":              "a sign-up policy that asks the pool",
		"kms:Decrypt":                        "keys of one's own",
		"kms:GenerateDataKey":                "keys of one's own",
		"s3:GetObject":                       "a pipeline file in a bucket",
		"secretsmanager:GetSecretValue":      "secrets in Secrets Manager",
		"ses:SendEmail":                      "ses steps",
		"ssm:GetParameter":                   "a pipeline file or secrets in Parameter Store",
	}[action]
}
