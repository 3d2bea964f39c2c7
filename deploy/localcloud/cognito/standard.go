package cognito

// standardSchema lists the attributes that every pool has, in the order in which DescribeUserPool shows them.
func standardSchema() schema {
	text := func(name string) schemaAttribute {
		return standard(name, typeString, &stringConstraints{MinLength: "0", MaxLength: "2048"}, nil)
	}
	sub := standard(subAttribute, typeString, &stringConstraints{MinLength: "1", MaxLength: "2048"}, nil)
	*sub.Mutable, *sub.Required = false, true
	return schema{
		sub,
		text("name"),
		text("given_name"),
		text("family_name"),
		text("middle_name"),
		text("nickname"),
		text(preferredAttribute),
		text("profile"),
		text("picture"),
		text("website"),
		text(emailAttribute),
		standard(emailAttribute+verifiedSuffix, typeBoolean, nil, nil),
		text("gender"),
		standard("birthdate", typeString, &stringConstraints{MinLength: "10", MaxLength: "10"}, nil),
		text("zoneinfo"),
		text("locale"),
		text(phoneAttribute),
		standard(phoneAttribute+verifiedSuffix, typeBoolean, nil, nil),
		text("address"),
		standard("updated_at", typeNumber, nil, &numberConstraints{MinValue: "0"}),
		standard(identities, typeString, new(stringConstraints), nil),
	}
}

func standard(name, kind string, s *stringConstraints, n *numberConstraints) schemaAttribute {
	developer, mutable, required := false, true, false
	return schemaAttribute{
		Name: name, AttributeDataType: kind,
		DeveloperOnlyAttribute: &developer, Mutable: &mutable, Required: &required,
		StringAttributeConstraints: s, NumberAttributeConstraints: n,
	}
}
