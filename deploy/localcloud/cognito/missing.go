package cognito

// missingOperations are the others of the API, and why they are not here.
func missingOperations() map[string]string {
	all := map[string]string{}
	for why, names := range map[string][]string{
		"nobody signs in here": {
			"AdminInitiateAuth", "AdminRespondToAuthChallenge", "AdminUserGlobalSignOut", "ChangePassword", "DeleteUser", "DeleteUserAttributes",
			"GetTokensFromRefreshToken", "GetUser", "GetUserAttributeVerificationCode", "GetUserAuthFactors", "GlobalSignOut", "InitiateAuth",
			"RespondToAuthChallenge", "RevokeToken", "UpdateUserAttributes", "VerifyUserAttribute", "AdminListUserAuthEvents",
			"CompleteWebAuthnRegistration", "DeleteWebAuthnCredential", "ListWebAuthnCredentials", "StartWebAuthnRegistration",
		},
		"there is no MFA": {
			"AdminSetUserMFAPreference", "AdminSetUserSettings", "AssociateSoftwareToken", "SetUserMFAPreference",
			"SetUserSettings", "VerifySoftwareToken",
		},
		"there are no devices": {
			"AdminForgetDevice", "AdminGetDevice", "AdminListDevices", "AdminUpdateDeviceStatus", "ConfirmDevice", "ForgetDevice", "GetDevice",
			"ListDevices", "UpdateDeviceStatus",
		},
		"there are no groups": {
			"AdminAddUserToGroup", "AdminListGroupsForUser", "AdminRemoveUserFromGroup", "CreateGroup", "DeleteGroup", "GetGroup", "ListGroups",
			"ListUsersInGroup", "UpdateGroup",
		},
		"the local federated sign-in takes any provider, and links no users": {
			"AdminDisableProviderForUser", "AdminLinkProviderForUser", "CreateIdentityProvider", "DeleteIdentityProvider", "DescribeIdentityProvider",
			"GetIdentityProviderByIdentifier", "ListIdentityProviders", "UpdateIdentityProvider",
		},
		"there is no managed login and there are no tokens": {
			"CreateManagedLoginBranding", "CreateResourceServer", "CreateTerms", "CreateUserPoolDomain", "DeleteManagedLoginBranding", "DeleteResourceServer",
			"DeleteTerms", "DeleteUserPoolDomain", "DescribeManagedLoginBranding", "DescribeManagedLoginBrandingByClient", "DescribeResourceServer",
			"DescribeTerms", "DescribeUserPoolDomain", "GetSigningCertificate", "GetUICustomization", "ListResourceServers", "ListTerms", "SetUICustomization",
			"UpdateManagedLoginBranding", "UpdateResourceServer", "UpdateTerms", "UpdateUserPoolDomain",
		},
		"there is no threat protection": {
			"AdminUpdateAuthEventFeedback", "DescribeRiskConfiguration", "SetRiskConfiguration", "UpdateAuthEventFeedback",
		},
		"users are not imported from files": {
			"CreateUserImportJob", "DescribeUserImportJob", "GetCSVHeader", "ListUserImportJobs", "StartUserImportJob", "StopUserImportJob",
		},
		"there is one Region":                 {"CreateUserPoolReplica", "DeleteUserPoolReplica", "ListUserPoolReplicas", "UpdateUserPoolReplica"},
		"a client has one secret at most":     {"AddUserPoolClientSecret", "DeleteUserPoolClientSecret", "ListUserPoolClientSecrets"},
		"a pool's tags are set with the pool": {"ListTagsForResource", "TagResource", "UntagResource"},
		"no logs leave":                       {"GetLogDeliveryConfiguration", "SetLogDeliveryConfiguration"},
	} {
		for _, name := range names {
			all[name] = why
		}
	}
	return all
}
