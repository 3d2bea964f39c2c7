package cognito

import (
	"maps"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// operations is the table of what is offered, with the quota that each row counts against and what users should know
// of it.
func (s *Service) operations() map[string]awsjson.Operation {
	all := s.poolOperations()
	for _, more := range []map[string]awsjson.Operation{s.clientOperations(), s.ownOperations(), s.adminOperations()} {
		maps.Copy(all, more)
	}
	return all
}

func (s *Service) poolOperations() map[string]awsjson.Operation {
	return map[string]awsjson.Operation{
		"CreateUserPool": limited(s, userPoolUpdate, s.createUserPool).With(
			"Schema with its types and bounds, aliases or addresses as user names, case, password and recovery policy, triggers, deletion protection.",
			"Settings that change nothing here are kept and shown, with little checking.",
			"API Reference: CreateUserPool; Developer Guide: Customizing sign-in attributes, Working with user attributes"),
		"DescribeUserPool": limited(s, userPoolRead, s.describeUserPool).With(
			"All that was set, defaults filled in, standard attributes in AWS's order.",
			"EstimatedNumberOfUsers is exact.",
			"API Reference: DescribeUserPool, UserPoolType"),
		"UpdateUserPool": limited(s, userPoolUpdate, s.updateUserPool).With(
			"What the call leaves out goes back to its default, triggers included.",
			"Concurrent updates follow each other; AWS refuses one of them.",
			"API Reference: UpdateUserPool"),
		"GetUserPoolMfaConfig": limited(s, userPoolRead, s.getUserPoolMfaConfig).With(
			"All that was set.", "", "API Reference: GetUserPoolMfaConfig"),
		"SetUserPoolMfaConfig": limited(s, userPoolUpdate, s.setUserPoolMfaConfig).With(
			"What the call leaves out is taken away; MfaConfiguration is the pool's own.",
			"The factors are kept with little checking.",
			"API Reference: SetUserPoolMfaConfig. That UpdateUserPool leaves the factors alone is our reading."),
		"DeleteUserPool": limited(s, userPoolUpdate, s.deleteUserPool).With(
			"Refused under deletion protection.", "", "API Reference: DeleteUserPool. The text is recorded."),
		"ListUserPools": limited(s, userPoolRead, s.listUserPools).With(
			"Pages of up to 60, tokens.", "Oldest first; tokens don't expire.", "API Reference: ListUserPools"),
		"AddCustomAttributes": limited(s, userPoolResourceUpdate, s.addCustomAttributes).With(
			"Up to 25 a call and 50 in all, all or none.", "", "API Reference: AddCustomAttributes; Developer Guide: Quotas"),
	}
}

func (s *Service) clientOperations() map[string]awsjson.Operation {
	return map[string]awsjson.Operation{
		"CreateUserPoolClient": limited(s, userPoolClientUpdate, s.createUserPoolClient).With(
			"Secret, attributes that may be read and written, hidden user existence.",
			"Settings that change nothing here are kept and shown, with little checking.",
			"API Reference: CreateUserPoolClient, UserPoolClientType"),
		"DescribeUserPoolClient": limited(s, userPoolClientRead, s.describeUserPoolClient).With(
			"All that was set.", "Few defaults are filled in.", "API Reference: DescribeUserPoolClient"),
		"UpdateUserPoolClient": limited(s, userPoolClientUpdate, s.updateUserPoolClient).With(
			"What the call leaves out goes back to its default, the attribute lists included; id, secret and name stay.",
			"",
			"API Reference: UpdateUserPoolClient. That the name stays is our reading."),
		"DeleteUserPoolClient": limited(s, userPoolClientUpdate, s.deleteUserPoolClient).With(
			"Its users stay; calls through it end with ResourceNotFoundException.", "", "API Reference: DeleteUserPoolClient"),
		"ListUserPoolClients": limited(s, userPoolClientRead, s.listUserPoolClients).With(
			"Pages of up to 60, tokens.", "Oldest first; tokens don't expire.", "API Reference: ListUserPoolClients"),
	}
}

// ownOperations are those that users call for themselves, through an app client.
func (s *Service) ownOperations() map[string]awsjson.Operation {
	const triggers = "Developer Guide: Pre sign-up Lambda trigger, Post confirmation Lambda trigger, Customizing user pool workflows with Lambda triggers"
	return map[string]awsjson.Operation{
		"SignUp": limited(s, userCreation, s.signUp).With(
			"Secret hash, password policy, schema and write list; PreSignUp with its flags, also taking an alias away from its owner; PostConfirmation at once if that confirms. A function has 5 s and three tries.",
			"A code is issued but no mail leaves. Passwords are looked at and forgotten.",
			"API Reference: SignUp; "+triggers+" (three tries: edition of 2023). Texts are recorded."),
		"ConfirmSignUp": limited(s, userCreation, s.confirmSignUp).With(
			"The user is confirmed first and PostConfirmation told then: its error reaches the caller, and changes nothing. Codes with 24 hours, aliases, ForceAliasCreation.",
			"Options.Code is right for everybody, besides the code that was issued; there is no limit of attempts.",
			"API Reference: ConfirmSignUp; "+triggers+". That the user stays confirmed is recorded."),
		"ResendConfirmationCode": limited(s, userResourceRead, s.resendConfirmationCode).With(
			"A new code for those who are not confirmed.",
			"There is no limit of attempts.",
			"API Reference: ResendConfirmationCode"),
		"ForgotPassword": limited(s, userAccountRecovery, s.forgotPassword).With(
			"A code to a verified address in the pool's order, or the reason why not.",
			"There is no limit of attempts.",
			"API Reference: ForgotPassword, AccountRecoverySettingType. Texts are recorded."),
		"ConfirmForgotPassword": limited(s, userAccountRecovery, s.confirmForgotPassword).With(
			"Confirms also who was not; PostConfirmation_ConfirmForgotPassword.",
			"Passwords are looked at and forgotten; there is no limit of attempts.",
			"API Reference: ConfirmForgotPassword; "+triggers),
	}
}

func (s *Service) adminOperations() map[string]awsjson.Operation {
	const writing = "API Reference: AdminUpdateUserAttributes; Developer Guide: Working with user attributes, Quotas. Texts are recorded."
	return map[string]awsjson.Operation{
		"AdminConfirmSignUp": limited(s, userCreation, s.adminConfirmSignUp).With(
			"Confirms without proving an address; PostConfirmation as for ConfirmSignUp, with the client id CLIENT_ID_NOT_APPLICABLE.",
			"", "API Reference: AdminConfirmSignUp. The client id is recorded."),
		"AdminCreateUser": limited(s, userCreation, s.adminCreateUser).With(
			"FORCE_CHANGE_PASSWORD; PreSignUp_AdminCreateUser without effect of its flags; never PostConfirmation; RESEND; ForceAliasCreation.",
			"No invitation leaves.",
			"API Reference: AdminCreateUser. That PostConfirmation never runs is recorded."),
		"AdminGetUser": limited(s, userRead, s.adminGetUser).With(
			"By name, sub or alias; of federated users by name or sub. Never stale.",
			"MFA settings are never shown.", "API Reference: AdminGetUser"),
		"AdminUpdateUserAttributes": limited(s, userUpdate, s.adminUpdateUserAttributes).With(
			"Schema errors, all at once; immutable attributes; 2,048 bytes; a blank deletes; a new address is unverified unless the call says; aliases; verification before update.",
			"One call's attributes are written together or not at all, which AWS does not say. No code is sent to a new address. No limit of ten writes a second for one user.",
			writing),
		"AdminDeleteUserAttributes": limited(s, userUpdate, s.adminDeleteUserAttributes).With("The rules of writing a blank.", "", writing),
		"AdminDeleteUser": limited(s, userUpdate, s.adminDeleteUser).With(
			"The name is free at once, for another sub.", "ListUsers sees it at once, unless a lag is switched on.", "API Reference: AdminDeleteUser"),
		"AdminDisableUser": limited(s, userUpdate, s.adminDisableUser).With(
			"Enabled is false; a federated sign-in is refused.", "Confirmation and recovery go on.", "API Reference: AdminDisableUser"),
		"AdminEnableUser": limited(s, userUpdate, s.adminEnableUser).With("Enabled is true.", "", "API Reference: AdminEnableUser"),
		"AdminResetUserPassword": limited(s, userAccountRecovery, s.adminResetUserPassword).With(
			"RESET_REQUIRED, and a code as for a forgotten password.", "", "API Reference: AdminResetUserPassword"),
		"AdminSetUserPassword": limited(s, userAccountRecovery, s.adminSetUserPassword).With(
			"CONFIRMED or FORCE_CHANGE_PASSWORD, without any trigger; also for federated users.",
			"The password is looked at and forgotten.", "API Reference: AdminSetUserPassword. That no trigger runs is recorded."),
		"ListUsers": limited(s, userList, s.listUsers).With(
			"One filter clause and its escapes, searchable attributes only, pages of up to 60, AttributesToGet that all must have; stale, short and empty pages on a switch.",
			"Oldest user first; a token does not expire and is for one filter.",
			"API Reference: ListUsers; Developer Guide: Managing and searching for user accounts. Texts are recorded."),
	}
}
