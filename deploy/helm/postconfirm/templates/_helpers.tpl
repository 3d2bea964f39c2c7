{{/* The name of everything: the release's, with the chart's unless it is in it. */}}
{{- define "postconfirm.name" -}}
{{- if contains "postconfirm" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-postconfirm" (.Release.Name | trunc 40 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods; never changes in the life of a release. */}}
{{- define "postconfirm.selector" -}}
app.kubernetes.io/name: postconfirm
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: worker
{{- end -}}

{{- define "postconfirm.labels" -}}
{{ include "postconfirm.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "postconfirm.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "postconfirm.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "postconfirm.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/* The ConfigMap with the pipeline; "" when it comes from S3 or Parameter Store. */}}
{{- define "postconfirm.pipelineMap" -}}
{{- if .Values.pipeline.inline -}}
{{ include "postconfirm.name" . }}-pipeline
{{- else -}}
{{ .Values.pipeline.configMap }}
{{- end -}}
{{- end -}}

{{/* What the schema can't say, or says badly. */}}
{{- define "postconfirm.check" -}}
{{- $ways := list .Values.pipeline.inline .Values.pipeline.configMap .Values.pipeline.source | compact -}}
{{- if ne (len $ways) 1 -}}
{{- fail "pipeline: set exactly one of inline, configMap, source" -}}
{{- end -}}
{{- if and .Values.secrets.existingSecret .Values.secrets.source -}}
{{- fail "secrets: set existingSecret or source, not both" -}}
{{- end -}}
{{- if eq .Values.queue.url .Values.queue.deadLetterUrl -}}
{{- fail "queue: the dead-letter queue is the queue itself: every dead letter would come back as a message" -}}
{{- end -}}
{{- if eq .Values.ledger.kind "sqlite" -}}
{{- if .Values.keda.enabled -}}
{{- fail "keda: a ledger in a file has one worker: want ledger.kind dynamodb" -}}
{{- end -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- fail "replicas: a ledger in a file has one worker: want ledger.kind dynamodb" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.keda.enabled (gt (int .Values.keda.minReplicas) (int .Values.keda.maxReplicas)) -}}
{{- fail "keda: minReplicas is above maxReplicas" -}}
{{- end -}}
{{- if and .Values.keda.enabled (gt (int .Values.worker.parts) 0) -}}
{{- fail "worker.parts: parts of the write budget want a fixed number of workers; with keda leave it 0, the table shares it" -}}
{{- end -}}
{{- if and .Values.keda.enabled (not .Values.region) -}}
{{- fail "region: keda asks the queue and needs to know it" -}}
{{- end -}}
{{- if and (eq .Values.ledger.kind "dynamodb") (gt (int .Values.worker.parts) 0) (ne (int .Values.worker.parts) (int .Values.replicas)) -}}
{{- fail "worker.parts: want 0, or as many as replicas" -}}
{{- end -}}
{{- end -}}
