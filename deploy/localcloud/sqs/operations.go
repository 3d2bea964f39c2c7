package sqs

import "github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"

// operations is the table of what is offered, with what users should know of each row.
func (s *Service) operations() map[string]awsjson.Operation {
	all := s.queueOperations()
	for _, more := range []map[string]awsjson.Operation{s.messageOperations(), s.moveOperations()} {
		for name, operation := range more {
			all[name] = operation
		}
	}
	return all
}

func (s *Service) queueOperations() map[string]awsjson.Operation {
	return map[string]awsjson.Operation{
		"CreateQueue": awsjson.Op(s.createQueue).With(
			"Ranges and defaults of all attributes, the same name twice, 60 s between delete and create, redrive policies and who may be their target, tags.",
			"At once. Standard queues only. A policy and the name of a KMS key are kept and shown, not enforced; nothing is encrypted.",
			"API Reference: CreateQueue, SetQueueAttributes. That a redrive policy without maxReceiveCount is refused is recorded; the reference has a default of 10."),
		"DeleteQueue": awsjson.Op(s.deleteQueue).With(
			"With all that is in it; long polls end with QueueDoesNotExist.",
			"At once; AWS takes up to 60 s, in which calls may still succeed.",
			"API Reference: DeleteQueue"),
		"GetQueueUrl": awsjson.Op(s.getQueueURL).With(
			"Typed error for an unknown queue and for another account's.",
			"The URL has the host that the caller used.",
			"API Reference: GetQueueUrl"),
		"ListQueues": awsjson.Op(s.listQueues).With(
			"Prefix, pages of up to 1,000, tokens.",
			"In the order of names.",
			"API Reference: ListQueues"),
		"ListDeadLetterSourceQueues": awsjson.Op(s.listDeadLetterSourceQueues).With(
			"Pages and tokens; the answer's queueUrls with a small q.",
			"In the order of names.",
			"API Reference: ListDeadLetterSourceQueues"),
		"GetQueueAttributes": awsjson.Op(s.getQueueAttributes).With(
			"All names, \"All\" too; the typed error of an unknown one.",
			"Counts are exact; AWS's are approximate and late.",
			"API Reference: GetQueueAttributes"),
		"SetQueueAttributes": awsjson.Op(s.setQueueAttributes).With(
			"All changes or none. A new retention period holds for old messages too, a new delay or visibility timeout does not.",
			"At once; AWS takes up to 60 s, and 15 minutes for the retention period.",
			"API Reference: SetQueueAttributes"),
		"PurgeQueue": awsjson.Op(s.purgeQueue).With(
			"Once in 60 s, then PurgeQueueInProgress.",
			"At once; AWS takes up to 60 s, in which messages may still be received.",
			"API Reference: PurgeQueue"),
		"TagQueue": awsjson.Op(s.tagQueue).With(
			"50 tags, lengths, the reserved prefix.",
			"The texts of the errors are ours.",
			"API Reference: TagQueue; Developer Guide: Cost allocation tags"),
		"UntagQueue":    awsjson.Op(s.untagQueue).With("All of it.", "", "API Reference: UntagQueue"),
		"ListQueueTags": awsjson.Op(s.listQueueTags).With("All of it.", "", "API Reference: ListQueueTags"),
	}
}

func (s *Service) messageOperations() map[string]awsjson.Operation {
	const visibility = "API Reference: ChangeMessageVisibility; Developer Guide: Visibility timeout"
	return map[string]awsjson.Operation{
		"SendMessage": awsjson.Op(s.sendMessage).With(
			"Delay, 1 MiB with attributes, ten attributes and their rules, characters, MD5 of body and attributes, the trace header; a group id comes back as system attribute.",
			"Fairness between groups is not imitated.",
			"API Reference: SendMessage; Developer Guide: Message metadata, Fair queues"),
		"SendMessageBatch": awsjson.Op(s.sendMessageBatch).With(
			"Ten entries, 1 MiB in all, failures by entry under status 200, errors of the whole batch.",
			"As SendMessage.",
			"API Reference: SendMessageBatch"),
		"ReceiveMessage": awsjson.Op(s.receiveMessage).With(
			"Long polls, visibility, receive counts and times, retention, 120,000 in flight, attribute filters; dead letters when one more receive would exceed the limit, with id, enqueue time and count.",
			"A short poll sees the whole queue; messages come first in, first out and once, unless a fault says otherwise. The SenderId is made up.",
			"API Reference: ReceiveMessage; Developer Guide: Quotas, Visibility timeout, Dead-letter queues"),
		"DeleteMessage": awsjson.Op(s.deleteMessage).With(
			"An old receipt is told yes and deletes nothing; the latest works even after its time is up.",
			"A delete is never lost; the duplicateRate fault brings messages back.",
			"API Reference: DeleteMessage"),
		"DeleteMessageBatch": awsjson.Op(s.deleteMessageBatch).With(
			"Ten entries, failures by entry.",
			"As DeleteMessage.",
			"API Reference: DeleteMessageBatch"),
		"ChangeMessageVisibility": awsjson.Op(s.changeMessageVisibility).With(
			"Counts from the call, holds for that receive only, 12 h from the receive in all.",
			"Too late is MessageNotInflight, as documented; AWS is recorded to say yes at times.",
			visibility),
		"ChangeMessageVisibilityBatch": awsjson.Op(s.changeMessageVisibilityBatch).With(
			"Ten entries, failures by entry.",
			"As ChangeMessageVisibility.",
			visibility),
	}
}

func (s *Service) moveOperations() map[string]awsjson.Operation {
	return map[string]awsjson.Operation{
		"StartMessageMoveTask": awsjson.Op(s.startMessageMoveTask).With(
			"Dead-letter queues only, one task at a time for each, the rate, back to the sources or to one destination; messages become new ones. FailureReason CouldNotDetermineMessageSource for what was sent there by hand.",
			"Without a rate everything moves at once; no limit of 100 tasks or of 36 h.",
			"API Reference: StartMessageMoveTask; Developer Guide: Configure a dead-letter queue redrive. The failure reasons are recorded."),
		"ListMessageMoveTasks": awsjson.Op(s.listMessageMoveTasks).With(
			"The last ten of a source, the newest first; a handle of running tasks only.",
			"The count to move is exact.",
			"API Reference: ListMessageMoveTasks"),
		"CancelMessageMoveTask": awsjson.Op(s.cancelMessageMoveTask).With(
			"Running tasks only; what has moved stays moved.",
			"At once: CANCELLING is never seen.",
			"API Reference: CancelMessageMoveTask"),
	}
}

// missingOperations are the others of the API, and why they are not here.
func missingOperations() map[string]string {
	const permissions = "nobody's permissions are checked here"
	return map[string]string{"AddPermission": permissions, "RemovePermission": permissions}
}

// unsupported is the typed answer to a member that is not offered.
func unsupported(text string) *awsjson.Error {
	return refuse("UnsupportedOperation", legacy+"UnsupportedOperation", "%s", text)
}
