"""
The texts that this server sends, in our own words.

Nothing may depend on them: status, keys and enum values are the contract.
"""

DENIED = "Your rules do not allow this: {decision}"
NOT_FOUND = "There is no {noun} with id {id}"
BODY_INVALID = "The body does not fit this route; see errors"
BODY_NOT_JSON = "The content type is {type}, but this route reads application/json"
BODY_UNREADABLE = "The body cannot be read as JSON"
NOT_AN_INTEGER = "{name}={value} is not a whole number"
BAD_PAGE = "{name}={value} is not a page: it takes a whole number from 1"
BAD_SORT = "sort={value}: this list has no column {column}"
TAKEN = "Another {noun} has the {column} {value}"
HAS_DEPENDENTS = "{noun} {id} still has {dependents}; delete_dependents=true deletes them as well"
DELETED = "{noun} {id} is deleted"
NOT_IN_MOCK = "{method} {path} exists on a vantage6 server but not in this mock yet"
SCRIPTED = "A scripted fault answers {status} in the server's place"
METHOD_NOT_ALLOWED = "This route does not take {method}"

TOKEN_MISSING = "The header Authorization: Bearer <token> is missing"
TOKEN_UNREADABLE = "The bearer token is not one of this server's"
TOKEN_EXPIRED = "The token has expired"
TOKEN_NOT_YET_VALID = "The token is not valid yet, or says nothing about its subject"
TOKEN_OF_OTHER_TYPE = "This route takes an {wanted} token, not one of the other type"
TOKEN_WITHOUT_KIND = "The token does not say what kind of caller it is for"
TOKEN_OF_OTHER_KIND = "The token is for {kind} {id}, but that id belongs to another kind of caller"
WRONG_CALLER = "This route is for a {kinds}, not for a {kind}"
BEARER_GONE = "The {kind} {id} that the token was made for no longer exists"
LOGIN_REFUSED = "Username or password is wrong, or the account is locked for a while"
API_KEY_UNKNOWN = "No node has this api key"
TOKEN_VALID = "The token is valid"

PASSWORD_NOT_HERE = "A password is changed through /password/change, not here"
NAMES_REQUIRED = "The user needs {name}"
USERNAME_OF_OTHER = "Only the owner of an account can change its username"
OWN_PERMISSIONS = "Nobody can change their own {what}"
ROLE_OF_OTHER_ORGANIZATION = "Role {role} belongs to organization {owner}, the user to organization {organization}"

PUBLIC_KEY_OF_OTHER = "Only members of organization {id} can set its public key"
PUBLIC_KEY_NOT_BASE64 = "The public key is not base64 text"
OWN_ORGANIZATION = "Organization {id} is your own; nobody can delete their own organization"

NOT_A_MEMBER = "Organization {organization} is not a member of collaboration {collaboration}"
NODE_ALREADY_HERE = "Node {node} is already in collaboration {collaboration}"
NODE_NOT_HERE = "Node {node} is not in collaboration {collaboration}"
NODE_EXISTS = "Organization {organization} already has a node in collaboration {collaboration}"
NODE_STAYS = "A node's organization and collaboration cannot be changed; create another node"

DEFAULT_ROLE = "{name} is a default role, which cannot be changed or deleted"
ROLE_STAYS = "A role's organization cannot be changed"
RULE_NOT_IN_ROLE = "Rule {rule} is not in role {role}"

RUN_CLOSED = "Run {id} ended at {finished_at} and takes no more reports"
RUN_OF_OTHER = "Run {id} belongs to another organization"
BAD_TIME = "{value} is not an ISO time such as 2026-11-22T19:23:11.623840"
SIBLING_FAILED = "Not started, because run {id} of the same task ended as: {status}"
STUDY_OF_OTHER = "Study {study} does not belong to collaboration {collaboration}"
NOT_IN_COLLABORATION = "These organizations are not in collaboration {collaboration}: {organizations}"
NOT_IN_STUDY = "These organizations are not in study {study}: {organizations}"
NO_NODE = (
    "Name each organization once, and only those with a node in collaboration {collaboration}; not {organizations}"
)
OWN_ORGANIZATION_OUTSIDE = "Your organization is not in collaboration {collaboration}, so it cannot create tasks there"
NODE_REFUSES_USER = "Node {node} only takes tasks of the users and organizations it allows"
SUBTASK_REFUSED = "A container can only create tasks for its own collaboration and image, while its own task runs"
STORE_OF_OTHER = "Algorithm store {id} does not serve collaboration {collaboration}"
STORES_NOT_IN_MOCK = "Tasks from an algorithm store are not in this mock yet; leave store_id out"
INPUT_NOT_BASE64 = "The input for organization {organization} is not base64 text"
INPUT_NOT_ENCRYPTED = (
    "Collaboration {collaboration} is encrypted, but the input for organization {organization} is readable"
)
INPUT_ENCRYPTED = (
    "Collaboration {collaboration} is not encrypted, but the input for organization {organization} is not readable"
)
IMAGE_DIFFERS = "The image is not the one of task {id}"
COLLABORATION_DIFFERS = "Task {id} belongs to another collaboration than this node"
TASK_ENDED = "Task {id} ended as {status!r} and cannot be killed"
TASK_KILLED = "Task {id} is killed; its nodes are told to stop what they run for it"
NODE_OFFLINE = "Node {node} is not online, so nobody can tell it to stop its runs"
NODE_TASKS_KILLED = "Node {id} is told to stop all its runs"
TASK_FINISHED = "Task {id} is finished"
