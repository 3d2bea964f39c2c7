"""User pools seen by boto3: sign-up, recovery, lists, attributes, and errors as botocore documents them.

Run with Debian's python3-boto3: POSTCONFIRM=path/of/postconfirm /usr/bin/python3 -m unittest -v
Cognito only: this boto3 speaks the older Query protocol to SQS, which the local cloud refuses.
"""

import unittest

import boto3
from botocore.config import Config

from box import Box

PASSWORD = "Correct-Horse-7"
CODE = "123456"


def attributes(user):
    """A user's attributes as a dictionary."""
    return {a["Name"]: a["Value"] for a in user.get("UserAttributes", user.get("Attributes"))}


def pairs(**values):
    """Attributes as calls have them; in names, two underscores stand for a colon."""
    return [{"Name": name.replace("__", ":"), "Value": value} for name, value in values.items()]


class Users(unittest.TestCase):
    """One box for all tests; each makes its own pool."""

    @classmethod
    def setUpClass(cls):
        cls.box = Box()
        cls.addClassCleanup(cls.stop)
        ready = cls.box.ready
        cls.idp = boto3.client(
            "cognito-idp", endpoint_url=ready["endpoint"], region_name=ready["region"], aws_access_key_id="local",
            aws_secret_access_key="local", config=Config(retries={"max_attempts": 0}))
        cls.addClassCleanup(cls.idp.close)
        cls.errors = cls.idp.exceptions

    @classmethod
    def stop(cls):
        """Stops the box, which must end well."""
        said, code = cls.box.said(), cls.box.close()
        if code != 0:
            raise AssertionError(f"postconfirm local ended with {code}:\n{said}")

    def pool(self, client=None, **settings):
        """A pool and its app client; with names that are names, unless other settings say otherwise."""
        settings = {"PoolName": "people", "AutoVerifiedAttributes": ["email"], **settings}
        pool = self.idp.create_user_pool(**settings)["UserPool"]["Id"]
        app = self.idp.create_user_pool_client(UserPoolId=pool, ClientName="web", **(client or {}))
        return pool, app["UserPoolClient"]["ClientId"]

    def member(self, app, username, **more):
        """A user who has confirmed; gives the sub."""
        given = pairs(email=f"{username}@acme.example", **more)
        up = self.idp.sign_up(ClientId=app, Username=username, Password=PASSWORD, UserAttributes=given)
        self.idp.confirm_sign_up(ClientId=app, Username=username, ConfirmationCode=CODE)
        return up["UserSub"]

    def test_sign_up_and_confirmation(self):
        pool, app = self.pool(UsernameAttributes=["email"])
        up = self.idp.sign_up(ClientId=app, Username="ada@acme.example", Password=PASSWORD, UserAttributes=pairs(name="Ada"))
        self.assertFalse(up["UserConfirmed"])
        self.assertEqual(up["CodeDeliveryDetails"]["Destination"], "a***@a***")
        with self.assertRaises(self.errors.CodeMismatchException):
            self.idp.confirm_sign_up(ClientId=app, Username="ada@acme.example", ConfirmationCode="000000")
        self.idp.confirm_sign_up(ClientId=app, Username="ada@acme.example", ConfirmationCode=CODE)
        user = self.idp.admin_get_user(UserPoolId=pool, Username="ada@acme.example")
        self.assertEqual(user["UserStatus"], "CONFIRMED")
        self.assertEqual(user["Username"], up["UserSub"])
        self.assertEqual(attributes(user), {
            "sub": up["UserSub"], "email": "ada@acme.example", "email_verified": "true", "name": "Ada"})
        self.assertLess(abs(user["UserCreateDate"].timestamp() - user["UserLastModifiedDate"].timestamp()), 60)

    def test_forgotten_password(self):
        pool, app = self.pool()
        self.member(app, "ann")
        sent = self.idp.forgot_password(ClientId=app, Username="ann")["CodeDeliveryDetails"]
        self.assertEqual(sent, {"AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "a***@a***"})
        with self.assertRaises(self.errors.CodeMismatchException):
            self.idp.confirm_forgot_password(ClientId=app, Username="ann", ConfirmationCode="000000", Password=PASSWORD)
        with self.assertRaises(self.errors.InvalidPasswordException):
            self.idp.confirm_forgot_password(ClientId=app, Username="ann", ConfirmationCode=CODE, Password="weak")
        self.idp.confirm_forgot_password(ClientId=app, Username="ann", ConfirmationCode=CODE, Password=PASSWORD)
        self.idp.admin_create_user(UserPoolId=pool, Username="new", MessageAction="SUPPRESS")
        with self.assertRaises(self.errors.NotAuthorizedException):
            self.idp.forgot_password(ClientId=app, Username="new")

    def test_lists_in_pages(self):
        pool, app = self.pool()
        names = [f"u{i}" for i in range(7)]
        for name in names:
            self.member(app, name)
        walk = self.idp.get_paginator("list_users")

        def pages(**more):
            return [[u["Username"] for u in page["Users"]] for page in walk.paginate(UserPoolId=pool, **more)]

        self.assertEqual(pages(PaginationConfig={"PageSize": 3}), [names[:3], names[3:6], names[6:]])
        self.assertEqual(pages(Filter='email = "u4@acme.example"'), [["u4"]])
        self.box.control("PUT", "/_local/cognito", {"listScan": 2})
        try:
            self.assertEqual(pages(Filter='given_name ^= "x"'), [[], [], [], []])
            self.assertEqual(sum(pages(), []), names)
        finally:
            self.box.control("DELETE", "/_local/cognito")
        for bad in ({"Filter": "email = x"}, {"Filter": 'custom:plan = "x"'}, {"PaginationToken": "x"}, {"AttributesToGet": ["phone_number"]}):
            with self.subTest(bad), self.assertRaises(self.errors.InvalidParameterException):
                self.idp.list_users(UserPoolId=pool, **bad)

    def test_attribute_errors(self):
        schema = [
            {"Name": "plan", "AttributeDataType": "String", "Mutable": True, "StringAttributeConstraints": {"MinLength": "2", "MaxLength": "5"}},
            {"Name": "tenant", "AttributeDataType": "String", "Mutable": False},
        ]
        pool, app = self.pool(Schema=schema)
        self.member(app, "ann", name="Ann")
        for name, value, text in (
            ("custom:plan", "x", "user.custom:plan: String must be no shorter than 2 characters\n"),
            ("custom:tenant", "acme", "user.custom:tenant: Attribute cannot be updated.\n"),
            ("custom:nothing", "x", "user.custom:nothing: Attribute does not exist in the schema.\n"),
            ("email", "nobody", "Invalid email address format."),
        ):
            with self.subTest(name), self.assertRaises(self.errors.InvalidParameterException) as caught:
                self.idp.admin_update_user_attributes(
                    UserPoolId=pool, Username="ann", UserAttributes=[{"Name": name, "Value": value}])
            self.assertEqual(caught.exception.response["Error"]["Message"], text)
        self.idp.admin_update_user_attributes(UserPoolId=pool, Username="ann", UserAttributes=pairs(custom__plan="team", name=""))
        own = attributes(self.idp.admin_get_user(UserPoolId=pool, Username="ann"))
        self.assertEqual(own["custom:plan"], "team")
        self.assertNotIn("name", own)
        self.idp.admin_delete_user_attributes(UserPoolId=pool, Username="ann", UserAttributeNames=["custom:plan"])
        self.assertNotIn("custom:plan", attributes(self.idp.admin_get_user(UserPoolId=pool, Username="ann")))

    def test_typed_errors(self):
        pool, app = self.pool(AliasAttributes=["email"])
        self.member(app, "ann")
        idp, e = self.idp, self.errors
        bob = {"ClientId": app, "Username": "bob"}
        idp.sign_up(Password=PASSWORD, UserAttributes=pairs(email="ann@acme.example"), **bob)
        nobody = {"UserPoolId": pool, "Username": "nobody"}
        nowhere = {"UserPoolId": "eu-west-1_Nowhere00"}
        for name, error, call in (
            ("an unknown user", e.UserNotFoundException, lambda: idp.admin_get_user(**nobody)),
            ("an unknown pool", e.ResourceNotFoundException, lambda: idp.list_users(**nowhere)),
            ("an unknown client", e.ResourceNotFoundException, lambda: idp.forgot_password(ClientId="no", Username="ann")),
            ("a name that is taken", e.UsernameExistsException, lambda: idp.sign_up(ClientId=app, Username="ann", Password=PASSWORD)),
            ("an alias that is taken", e.AliasExistsException, lambda: idp.confirm_sign_up(ConfirmationCode=CODE, **bob)),
            ("a second confirmation", e.NotAuthorizedException, lambda: idp.admin_confirm_sign_up(UserPoolId=pool, Username="ann")),
            ("a code that was never sent", e.ExpiredCodeException,
             lambda: idp.confirm_forgot_password(ClientId=app, Username="ann", ConfirmationCode="000000", Password=PASSWORD)),
            ("an invitation too late", e.UnsupportedUserStateException,
             lambda: idp.admin_create_user(UserPoolId=pool, Username="ann", MessageAction="RESEND")),
            ("a member that is not offered", e.InvalidParameterException,
             lambda: idp.admin_create_user(UserPoolId=pool, Username="eve", DesiredDeliveryMediums=["EMAIL"])),
        ):
            with self.subTest(name), self.assertRaises(error):
                call()

    def test_errors_of_the_trigger(self):
        """A trigger that is not there: the caller is told, and the user is confirmed all the same."""
        pool, app = self.pool(LambdaConfig={"PostConfirmation": "arn:aws:lambda:eu-west-1:000000000000:function:none"})
        self.idp.sign_up(ClientId=app, Username="ann", Password=PASSWORD, UserAttributes=pairs(email="ann@acme.example"))
        with self.assertRaises(self.errors.UnexpectedLambdaException):
            self.idp.confirm_sign_up(ClientId=app, Username="ann", ConfirmationCode=CODE)
        self.assertEqual(self.idp.admin_get_user(UserPoolId=pool, Username="ann")["UserStatus"], "CONFIRMED")

    def test_throttling(self):
        pool, _ = self.pool()
        self.box.control("PUT", "/_local/cognito", {"quotas": {"UserList": 0.001}})
        try:
            self.idp.list_users(UserPoolId=pool)
            with self.assertRaises(self.errors.TooManyRequestsException):
                self.idp.list_users(UserPoolId=pool)
        finally:
            self.box.control("DELETE", "/_local/cognito")

    def test_updates_reset_what_they_leave_out(self):
        pool, app = self.pool(UserPoolTags={"team": "growth"}, client={"WriteAttributes": ["email"]})
        self.idp.update_user_pool(UserPoolId=pool)
        described = self.idp.describe_user_pool(UserPoolId=pool)["UserPool"]
        self.assertFalse(described.get("UserPoolTags") or described.get("AutoVerifiedAttributes"))
        self.idp.update_user_pool_client(UserPoolId=pool, ClientId=app)
        client = self.idp.describe_user_pool_client(UserPoolId=pool, ClientId=app)["UserPoolClient"]
        self.assertNotIn("WriteAttributes", client)


if __name__ == "__main__":
    unittest.main()
