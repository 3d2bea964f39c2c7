package sqs

import (
	"fmt"
	"net/http"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// Every error carries two names: the type that SDKs of today build, and the code of the older Query protocol, which
// they still report as the error's code ("AWS JSON protocol for Amazon SQS", SQS Developer Guide).

func refuse(code, query, format string, values ...any) *awsjson.Error {
	return &awsjson.Error{
		Status: http.StatusBadRequest, Code: code, Query: query, Message: fmt.Sprintf(format, values...),
	}
}

func withStatus(status int, e *awsjson.Error) *awsjson.Error {
	e.Status = status
	return e
}

// legacy prefixes the Query codes of errors that are SQS's own.
const legacy = "AWS.SimpleQueueService."

func missing(parameter string) *awsjson.Error {
	return refuse("MissingRequiredParameterException", "MissingParameter",
		"The request must contain the parameter %s.", parameter)
}

func invalidValue(format string, values ...any) *awsjson.Error {
	return refuse("InvalidParameterValueException", "InvalidParameterValue", format, values...)
}

func unknownAttribute(name string) *awsjson.Error {
	return refuse("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.", name)
}

func invalidAttribute(name string) *awsjson.Error {
	return refuse("InvalidAttributeValue", "InvalidAttributeValue", "Invalid value for the parameter %s.", name)
}

func invalidContents() *awsjson.Error {
	return refuse("InvalidMessageContents", "InvalidMessageContents", "Invalid characters found. Valid unicode "+
		"characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
}

func noSuchQueue() *awsjson.Error {
	return refuse("QueueDoesNotExist", legacy+"NonExistentQueue", "The specified queue does not exist.")
}

func queueExists(attribute string) *awsjson.Error {
	return refuse("QueueNameExists", "QueueAlreadyExists",
		"A queue already exists with the same name and a different value for attribute %s", attribute)
}

func deletedRecently() *awsjson.Error {
	return refuse("QueueDeletedRecently", legacy+"QueueDeletedRecently",
		"You must wait 60 seconds after deleting a queue before you can create another with the same name.")
}

func notOffered(format string, values ...any) *awsjson.Error {
	return refuse("UnsupportedOperation", legacy+"UnsupportedOperation", "the local cloud does not offer "+format, values...)
}

func invalidAddress(url string) *awsjson.Error {
	return withStatus(http.StatusNotFound,
		refuse("InvalidAddress", "InvalidAddress", "The address %s is not valid for this endpoint.", url))
}

func invalidReceipt(handle string) *awsjson.Error {
	return withStatus(http.StatusNotFound, refuse("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid",
		"The input receipt handle %q is not a valid receipt handle.", handle))
}

func notInFlight() *awsjson.Error {
	return refuse("MessageNotInflight", legacy+"MessageNotInflight", "The specified message isn't in flight.")
}

func overLimit(limit int) *awsjson.Error {
	return withStatus(http.StatusForbidden, refuse("OverLimit", "OverLimit",
		"Too many messages are in flight: the limit is %d. Delete messages after processing them.", limit))
}

func purgeInProgress(name string) *awsjson.Error {
	return withStatus(http.StatusForbidden, refuse("PurgeQueueInProgress", legacy+"PurgeQueueInProgress",
		"Only one PurgeQueue operation on %s is allowed every 60 seconds.", name))
}

func noResource(format string, values ...any) *awsjson.Error {
	return withStatus(http.StatusNotFound,
		refuse("ResourceNotFoundException", "ResourceNotFoundException", format, values...))
}

func throttled() *awsjson.Error {
	return refuse("RequestThrottled", "RequestThrottled", "Rate exceeded")
}

func internalFailure() *awsjson.Error {
	return withStatus(http.StatusInternalServerError,
		refuse("InternalFailure", "InternalFailure", "We encountered an internal error. Please try again."))
}

// calledOff ends a long poll whose caller has gone, or whose listener is closing; nobody takes it for an answer.
func calledOff() *awsjson.Error {
	return withStatus(http.StatusServiceUnavailable,
		refuse("ServiceUnavailable", "ServiceUnavailable", "the wait was called off"))
}
