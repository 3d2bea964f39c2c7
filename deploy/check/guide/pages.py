"""Holds the commands of the pages under deploy/ against what they call: AWS's models, the Makefile, templates, modules and the chart.

python3 pages.py, from the top of the repository. postconfirm's own commands are read by a test of cmd/postconfirm. It breaks some
commands itself, and wants each noticed. pages.py --followed prints the blocks that a local cloud can answer, as one script.
"""

import glob
import os
import re
import shlex
import sys

import aws
from aws import Wrong

PLAIN = "cd chmod cp curl git journalctl jq output printf sudo sudoedit systemctl systemd-analyze zip worker kubectl export".split()


def blocks(text):
    """Gives the sh blocks of a page, and whether each is to be followed."""
    for m in re.finditer(r"(<!-- followed -->\n)?^```sh\n(.*?)^```$", text, re.M | re.S):
        yield bool(m[1]), m[2]


def commands(text):
    """Gives the commands of a block as words; of what stands in $( ) as well."""
    text = text.replace("\\\n", " ")
    for line in text.splitlines():
        while inner := re.search(r"\$\(([^()]*)\)", line):
            yield from commands(inner[1])
            line = line[: inner.start()] + "$LATER" + line[inner.end():]
        line = re.sub(r"^\w+\(\) \{(.*)\}$", r"\1", line)
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&<>")
        lexer.whitespace_split = True
        words = []
        for word in list(lexer) + [";"]:
            if set(word) <= set("|;&"):
                if words:
                    yield words
                words = []
            else:
                words.append(word)


def lines(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def there(path):
    if not os.path.exists(path):
        raise Wrong(f"there is no {path}")


def of_aws(words):
    service, operation, _, given = aws.check(words)
    if (service, operation) == ("cloudformation", "deploy"):
        there(given["template-file"][0])
        names = re.findall(r"^  (\w+):$", lines(given["template-file"][0]).split("\nParameters:\n")[1].split("\n\n")[0], re.M)
        for pair in given.get("parameter-overrides", []):
            if pair.split("=")[0] not in names:
                raise Wrong(f"{given['template-file'][0]} has no parameter {pair.split('=')[0]}")
    for name in re.findall(r"OutputKey=='(\w+)'", " ".join(words)):
        output_of_template(name)


def output_of_template(name):
    if not re.search(rf"^  {name}:", lines("deploy/cloudformation/with-pool.yaml").split("\nOutputs:\n")[1], re.M):
        if not re.search(rf"^  {name}:", lines("deploy/cloudformation/template.yaml").split("\nOutputs:\n")[1], re.M):
            raise Wrong(f"the templates have no output {name}")


def of_make(words):
    for target in words:
        if not re.search(rf"^{re.escape(target)}:", lines("Makefile"), re.M):
            raise Wrong(f"no target {target}")


def of_terraform(words):
    folder = FOLDER[0]
    if words[0].startswith("-chdir="):
        folder = words.pop(0)[len("-chdir="):]
    if words[0] not in ("init", "apply", "output", "destroy", "plan", "state", "test"):
        raise Wrong(f"terraform {words[0]}")
    files = glob.glob(f"{folder}/*.tf")
    if not files:
        raise Wrong(f"no module in {folder}")
    text = "\n".join(map(lines, files))
    for i, word in enumerate(words):
        if word == "-var" and f'variable "{words[i + 1].split("=")[0]}"' not in text:
            raise Wrong(f"{folder} has no variable {words[i + 1]}")
        if word == "-raw" and f'output "{words[i + 1]}"' not in text:
            raise Wrong(f"{folder} has no output {words[i + 1]}")


def of_helm(words):
    flags = "install namespace create-namespace set-file set set-string n f values".split()
    if words[0] not in ("upgrade", "template"):
        raise Wrong(f"helm {words[0]}")
    for i, word in enumerate(words):
        if word.startswith("-") and word.lstrip("-") not in flags:
            raise Wrong(f"helm has no {word}")
        if word.startswith("--set"):
            value_of_chart(words[i + 1].split("=")[0])
        if word.startswith("deploy/"):
            there(word + "/Chart.yaml")


def value_of_chart(path):
    """A path through values.yaml, by its indents."""
    text, indent = "\n" + lines("deploy/helm/postconfirm/values.yaml"), ""
    for part in path.split("."):
        found = re.search(rf"\n{indent}{part}:", text)
        if not found:
            raise Wrong(f"the chart has no value {path}")
        text = text[found.end():]
        if not indent:
            text = re.split(r"\n(?=\w)", text)[0]
        indent += "  "


def of_docker(words):
    for i, word in enumerate(words):
        if word == "-f":
            there(words[i + 1])
        if word == "--build-arg" and f"ARG {words[i + 1].split('=')[0]}" not in lines("deploy/container/Dockerfile"):
            raise Wrong(f"the Dockerfile has no {words[i + 1]}")


def links(path):
    """Raises Wrong of a link that leads nowhere, or to a heading that is not there."""
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)", lines(path)):
        to = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
        there(to)
        headings = ["#" + re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in re.findall(r"^#+ (.*)$", lines(to), re.M)] if anchor else []
        if anchor and anchor not in headings:
            raise Wrong(f"{to} has no heading {anchor}")


FOLDER = ["."]  # where a page has gone with cd
KNOWN = {"aws": of_aws, "make": of_make, "terraform": of_terraform, "helm": of_helm, "docker": of_docker}


def check(words):
    """Raises Wrong of a command that does not exist so; tells whether it was one to look at."""
    while words and re.match(r"^\w+=", words[0]) or words[:1] == ["export"]:
        words = words[1:]
    if words[:1] == ["cd"] and words[1].startswith("deploy/"):
        there(words[1])
        FOLDER[0] = words[1]
    if not words or words[0] in PLAIN or words[0] == "postconfirm" or words[0].endswith("="):
        return False
    if words[0] not in KNOWN:
        raise Wrong("nobody knows this program")
    KNOWN[words[0]](list(words[1:]))
    return True


BROKEN = """aws cognito-idp admin-confirm-signup --user-pool-id a_b --username x
aws cognito-idp admin-confirm-sign-up --user-pool-id a_b
aws cognito-idp admin-confirm-sign-up --user-pool-id a_b --user-name x
aws cognito-idp add-custom-attributes --user-pool-id a_b --custom-attributes Name=x,Type=String
aws cognito-idp add-custom-attributes --user-pool-id a_b --custom-attributes Name=x,AttributeDataType=Text
aws sqs get-queue-attributes --queue-url u --attribute-names Depth
aws cloudformation describe-stacks --stack-name n --query 'Stacks[0'
aws cloudformation describe-stacks --stack-name n --query "Stacks[0].Outputs[?OutputKey=='Trigger'].OutputValue"
aws cloudformation deploy --stack-name n --template-file deploy/cloudformation/template.yaml --parameter-overrides Pool=x
aws cloudformation deploy --stack-name n --template-file deploy/cloudformation/stack.yaml
aws cloudformation wait stack-delete --stack-name n
aws dynamodb update-table --table-name n --no-deletion-protection
aws s3 cp a b --exlude c
aws logs tail
aws lambda publish-layer-version --layer-name n --zip-file file://x.zip
make zip
terraform -chdir=deploy/terraform/examples/existing-pool apply -var pool=x
terraform -chdir=deploy/terraform/examples/existing-pool output -raw queue
helm upgrade --install users deploy/helm/postconfirm --set queue.urls=x
helm upgrade --install users deploy/helm/postconfirm --create-ns
docker build -f deploy/Dockerfile .
pulumi up"""


def main():
    n = 0
    pages = [p for p in sorted(glob.glob("deploy/**/*.md", recursive=True)) if "/node_modules/" not in p]
    for path in pages:
        FOLDER[0] = "."
        try:
            links(path)
        except Wrong as wrong:
            sys.exit(f"guide: {path}: {wrong}")
        for _, block in blocks(lines(path)):
            for words in commands(block):
                try:
                    n += check(words)
                except Wrong as wrong:
                    sys.exit(f"guide: {path}: {' '.join(words)}: {wrong}")
    for line in BROKEN.splitlines():
        try:
            check(*commands(line))
        except Wrong:
            continue
        sys.exit(f"guide: not noticed: {line}")
    print(f"guide: {n} commands of {len(pages)} pages exist; {len(BROKEN.splitlines())} broken ones noticed")


if __name__ == "__main__":
    if sys.argv[1:] == ["--followed"]:
        print("\n".join(block for followed, block in blocks(lines("deploy/README.md")) if followed))
    else:
        main()
