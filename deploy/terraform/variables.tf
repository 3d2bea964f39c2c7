# ---- The pool and the programs

variable "name" {
  description = "What every resource's name begins with."
  type        = string
  default     = "postconfirm"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name has 3 to 32 characters: a letter first, then small letters, digits and hyphens."
  }
}

variable "user_pool_id" {
  description = "The pool whose users are enriched, as in eu-west-1_Ab12cd34E; it must be in the provider's Region. It may be a pool that calls this module's functions: no circle closes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]_[0-9A-Za-z]{1,55}$", var.user_pool_id))
    error_message = "user_pool_id is a pool's id, as in eu-west-1_Ab12cd34E."
  }
}

variable "attach_policy" {
  description = "Whether to make a policy with the rights of `postconfirm attach` and `detach`; false where your own configuration owns the pool and sets its triggers."
  type        = bool
  default     = true
  nullable    = false
}

variable "artifact_directory" {
  description = "A folder on this machine with lambda-trigger.zip, lambda-presignup.zip and lambda-worker.zip, as `make zips` writes them to bin. Give this or artifact_bucket."
  type        = string
  default     = null

  validation {
    condition     = (var.artifact_directory == null) != (var.artifact_bucket == null)
    error_message = "Give artifact_directory or artifact_bucket, and not both."
  }
}

variable "artifact_bucket" {
  description = "The bucket in this Region that holds the zips which `make zips` builds. Give this or artifact_directory."
  type        = string
  default     = null

  validation {
    condition     = var.artifact_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.artifact_bucket))
    error_message = "artifact_bucket is the name of a bucket."
  }
}

variable "artifact_prefix" {
  description = "What stands before the zips' names in the bucket, as in v1.2.0/. A new one for each release makes Terraform see that the code is another."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([0-9A-Za-z._-]+/)*$", var.artifact_prefix))
    error_message = "artifact_prefix is empty, or a path that ends with a slash, as in v1.2.0/."
  }
}

# ---- The trigger

variable "trigger_budget" {
  description = "How long a sign-up may wait for the queue, from 100ms to 4s."
  type        = string
  default     = "2.5s"
  nullable    = false

  validation {
    condition     = can(regex("^([1-9][0-9]{2}ms|[1-3](\\.[0-9]+)?s|4s)$", var.trigger_budget))
    error_message = "trigger_budget is from 100ms to 4s, as in 2.5s."
  }
}

variable "trigger_on_error" {
  description = "If the queue can't be reached: open hands the event back all the same, closed shows the person an error."
  type        = string
  default     = "open"
  nullable    = false

  validation {
    condition     = contains(["open", "closed"], var.trigger_on_error)
    error_message = "trigger_on_error is open or closed."
  }
}

variable "trigger_fair_queues" {
  description = "client makes each app client a message group, so that one client's rush doesn't delay the others."
  type        = string
  default     = "off"
  nullable    = false

  validation {
    condition     = contains(["off", "client"], var.trigger_fair_queues)
    error_message = "trigger_fair_queues is off or client."
  }
}

variable "trigger_metadata_keys" {
  description = "The clientMetadata keys that travel with a message."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for key in var.trigger_metadata_keys : can(regex("^[^,\\s]+$", key))])
    error_message = "A key of trigger_metadata_keys has no comma and no blank."
  }
}

# ---- The pre sign-up function (optional)

variable "presignup" {
  description = "Whether to deploy the pre sign-up function."
  type        = bool
  default     = false
  nullable    = false
}

variable "presignup_policy" {
  description = "A path in the function's zip, or the policy itself (as JSON, or YAML of more than one line): file(\"policy.yaml\") will do, up to the 4 KB of a function's variables."
  type        = string
  default     = "policy.yaml"
  nullable    = false
}

variable "presignup_asks_pool" {
  description = "Whether the policy has a confirm rule that asks the pool; false takes the right to list users away."
  type        = bool
  default     = true
  nullable    = false
}

# ---- The worker

variable "worker" {
  description = "lambda: the worker is a function of this module. daemon: it runs elsewhere, under daemon_role_arn."
  type        = string
  default     = "lambda"
  nullable    = false

  validation {
    condition     = contains(["lambda", "daemon"], var.worker)
    error_message = "worker is lambda or daemon."
  }
}

variable "worker_timeout" {
  description = "Seconds of one invocation; at least the longest time-out of a step + 2. The queue's visibility is six times this."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = contains([30, 60, 120, 300], var.worker_timeout)
    error_message = "worker_timeout is 30, 60, 120 or 300 seconds."
  }
}

variable "worker_maximum_concurrency" {
  description = "Invocations of the worker at once. 2 to 5 use up what a pool's write quota allows."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.worker_maximum_concurrency >= 2 && var.worker_maximum_concurrency <= 1000 && floor(var.worker_maximum_concurrency) == var.worker_maximum_concurrency
    error_message = "worker_maximum_concurrency is a whole number from 2 to 1000."
  }
}

variable "worker_metrics" {
  description = "emf: the worker function's metrics come from its log. off: there are none, and no alarms that need them."
  type        = string
  default     = "emf"
  nullable    = false

  validation {
    condition     = contains(["emf", "off"], var.worker_metrics)
    error_message = "worker_metrics is emf or off."
  }
}

variable "daemon_role_arn" {
  description = "With worker = \"daemon\", the role that it runs under. Attach the policy of the output worker_policy_arn to it."
  type        = string
  default     = null

  validation {
    condition     = var.daemon_role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[0-9A-Za-z+=,.@_/-]{1,128}$", var.daemon_role_arn))
    error_message = "daemon_role_arn is the ARN of a role."
  }
  validation {
    condition     = var.worker != "daemon" || var.daemon_role_arn != null
    error_message = "worker = \"daemon\" wants daemon_role_arn, so that the queues' policies can name it."
  }
}

variable "daemon_checks_app_clients" {
  description = "Whether the daemon may read app clients, to warn of users who may write what the pipeline owns. Who may do that may read client secrets."
  type        = bool
  default     = false
  nullable    = false
}

# ---- The pipeline file, secrets and mail

variable "pipeline_source" {
  description = "Where the worker reads its pipeline file: layer, s3 or ssm."
  type        = string
  default     = "layer"
  nullable    = false

  validation {
    condition     = contains(["layer", "s3", "ssm"], var.pipeline_source)
    error_message = "pipeline_source is layer, s3 or ssm."
  }
}

variable "pipeline_layer_arn" {
  description = "With pipeline_source = \"layer\" and worker = \"lambda\", a layer's version with pipeline.yaml at its top."
  type        = string
  default     = null

  validation {
    condition     = var.pipeline_layer_arn == null || can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[0-9A-Za-z_-]{1,140}:[0-9]+$", var.pipeline_layer_arn))
    error_message = "pipeline_layer_arn is the ARN of a layer's version, with the number at its end."
  }
  validation {
    condition     = var.worker != "lambda" || var.pipeline_source != "layer" || var.pipeline_layer_arn != null
    error_message = "pipeline_source = \"layer\" wants pipeline_layer_arn."
  }
}

variable "pipeline_bucket" {
  description = "With pipeline_source = \"s3\", the bucket."
  type        = string
  default     = null

  validation {
    condition     = var.pipeline_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.pipeline_bucket))
    error_message = "pipeline_bucket is the name of a bucket."
  }
  validation {
    condition     = var.pipeline_source != "s3" || var.pipeline_bucket != null
    error_message = "pipeline_source = \"s3\" wants pipeline_bucket."
  }
}

variable "pipeline_key" {
  description = "With pipeline_source = \"s3\", the object."
  type        = string
  default     = "pipeline.yaml"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z!_.'()/-]{1,512}$", var.pipeline_key))
    error_message = "pipeline_key is the name of one object, without a * or a ?."
  }
}

variable "pipeline_parameter" {
  description = "With pipeline_source = \"ssm\", the parameter's name, as in /postconfirm/pipeline."
  type        = string
  default     = null

  validation {
    condition     = var.pipeline_parameter == null || can(regex("^(/[0-9A-Za-z_.-]+)+$", var.pipeline_parameter))
    error_message = "pipeline_parameter is a name that begins with a slash."
  }
  validation {
    condition     = var.pipeline_source != "ssm" || var.pipeline_parameter != null
    error_message = "pipeline_source = \"ssm\" wants pipeline_parameter."
  }
}

variable "secrets" {
  description = "Where the secrets of the pipeline are: none, ssm or secretsmanager. They are named here, never given, so none is in Terraform's state."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "ssm", "secretsmanager"], var.secrets)
    error_message = "secrets is none, ssm or secretsmanager."
  }
}

variable "secrets_prefix" {
  description = "The secret NAME is the parameter /PREFIX/NAME, or the secret PREFIX/NAME."
  type        = string
  default     = "postconfirm/secrets"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_.-]+(/[0-9A-Za-z_.-]+)*$", var.secrets_prefix))
    error_message = "secrets_prefix is a path without a slash at its ends."
  }
}

variable "secrets_key_arn" {
  description = "The KMS key of those secrets, if it is one of yours."
  type        = string
  default     = null

  validation {
    condition     = var.secrets_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-z-]+$", var.secrets_key_arn))
    error_message = "secrets_key_arn is the ARN of a KMS key."
  }
}

variable "mail_identity" {
  description = "The SES identity that ses steps send from, as in example.com; null if there are none."
  type        = string
  default     = null

  validation {
    condition     = var.mail_identity == null || can(regex("^[0-9A-Za-z.@_+-]+$", var.mail_identity))
    error_message = "mail_identity is a domain or an address."
  }
}

variable "mail_configuration_set" {
  description = "With mail_identity, the configuration set that ses steps may use."
  type        = string
  default     = "postconfirm"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,64}$", var.mail_configuration_set))
    error_message = "mail_configuration_set is the name of a configuration set."
  }
}

variable "mail_template_prefix" {
  description = "With mail_identity, what the names of the templates that ses steps may use begin with."
  type        = string
  default     = "postconfirm-"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,48}$", var.mail_template_prefix))
    error_message = "mail_template_prefix is the beginning of a template's name."
  }
}

# ---- People who look after it

variable "operator_role_arn" {
  description = "The role of people who replay and redrive; without one, nobody but trigger and worker sends to the queues. Attach the policy of the output operator_policy_arn to it."
  type        = string
  default     = null

  validation {
    condition     = var.operator_role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[0-9A-Za-z+=,.@_/-]{1,128}$", var.operator_role_arn))
    error_message = "operator_role_arn is the ARN of a role."
  }
}

variable "alarm_topic_arn" {
  description = "The topic that hears of alarms; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_topic_arn == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[0-9A-Za-z_-]{1,256}$", var.alarm_topic_arn))
    error_message = "alarm_topic_arn is the ARN of an SNS topic."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept. The trigger's journal of who was confirmed is one of them."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([14, 30, 60, 90, 180, 365], var.log_retention_days)
    error_message = "log_retention_days is 14, 30, 60, 90, 180 or 365."
  }
}

variable "queue_key_arn" {
  description = "A KMS key of yours for both queues; null for SQS's own encryption."
  type        = string
  default     = null

  validation {
    condition     = var.queue_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-z-]+$", var.queue_key_arn))
    error_message = "queue_key_arn is the ARN of a KMS key."
  }
}

variable "tags" {
  description = "Tags of every resource that can have some."
  type        = map(string)
  default     = {}
  nullable    = false
}
