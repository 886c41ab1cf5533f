//! The schemas of names by which the audit log is asked about people and things.

use schemars::{Schema, json_schema};
use syft_space_domain::dataset::DocumentId;
use syft_space_domain::endpoint::Slug;
use syft_space_domain::identity::Email;
use syft_space_domain::marketplace::SUBJECT_MAX;
use syft_space_domain::text;

const UUID: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";

pub(super) fn principal_name() -> Schema {
    let (min, max) = (Slug::MIN, Slug::MAX);
    let marketplace = format!("^(?=[^/]{{{min},{max}}}/)[a-z0-9]+(-[a-z0-9]+)*/[!-~]{{1,{SUBJECT_MAX}}}$");
    json_schema!({
        "type": "string",
        "anyOf": [
            { "pattern": UUID },
            { "format": "email", "minLength": 5, "maxLength": Email::MAX },
            { "pattern": marketplace },
        ],
        "description": "An id as the log has it; a member's e-mail address, or that of one who was; or MARKETPLACE/USER, \
                        the user by the `sub` of their tokens.",
    })
}

pub(super) fn endpoint_name() -> Schema {
    json_schema!({
        "type": "string", "minLength": Slug::MIN, "maxLength": Slug::MAX,
        "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
        "description": "A slug, or an id.",
    })
}

pub(super) fn document_name() -> Schema {
    json_schema!({
        "type": "string", "minLength": 3, "maxLength": text::NAME_MAX + DocumentId::MAX + 1,
        "pattern": "^[!-.0-~]([ -.0-~]*[!-.0-~])?/(?!\\.{1,2}$)[A-Za-z0-9._-]{1,128}$",
        "description": "DATASET/DOCUMENT: the dataset by its id or its name, and the document's id in it.",
    })
}

pub(super) fn reason_name() -> Schema {
    json_schema!({
        "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[a-z0-9_,]+$",
        "description": "A `reason_code` as events have it.",
    })
}
