//! What is said of who may ask an endpoint: policies of a type that names callers say it, and no others. Those in shadow say nothing.

use syft_space_domain::policy::PolicyTypes;

use crate::routes::endpoints::AttachedPolicy;

/// Who may ask, where no policy says it.
pub(super) const EVERY_MEMBER: &str = "every member who may ask can ask it, and nobody else";

/// Whether policies of this type say who may ask. One of a type that is unknown here lets nobody in.
pub(super) fn names_callers(policy_type: &str) -> bool {
    PolicyTypes::default().get(policy_type).is_none_or(|policy_type| policy_type.names_callers())
}

/// The policies that say who may ask, and the others that decide.
pub(super) fn by_whether_they_say(
    policies: &[AttachedPolicy],
) -> (Vec<&AttachedPolicy>, Vec<&AttachedPolicy>) {
    let deciding = policies.iter().filter(|policy| !policy.enforcement.is_shadow());
    deciding.partition(|policy| names_callers(&policy.policy_type))
}

/// What is said behind the others of those that are in shadow.
fn tried(policies: &[AttachedPolicy], before: &str, behind: &str) -> String {
    match names(policies.iter().filter(|policy| policy.enforcement.is_shadow())) {
        none if none.is_empty() => none,
        names => format!("{before}{names}{behind}"),
    }
}

/// The names of policies, one behind the other.
pub(super) fn names<'a>(policies: impl IntoIterator<Item = &'a AttachedPolicy>) -> String {
    let names: Vec<&str> = policies.into_iter().map(|policy| &*policy.name).collect();
    names.join(", ")
}

/// Who may ask an endpoint with these policies, in a sentence.
pub(super) fn who_may_ask(policies: &[AttachedPolicy]) -> String {
    let told = match by_whether_they_say(policies) {
        (saying, others) if saying.is_empty() && others.is_empty() => {
            "Every member who may ask can ask it, and nobody else: it has no policy.".to_owned()
        }
        (saying, others) if saying.is_empty() => format!(
            "Every member who may ask can ask it, and nobody else: it has no policy that says who ({}).",
            names(others)
        ),
        (saying, others) if others.is_empty() => {
            format!("Who may ask it, its policies say: {}.", names(saying))
        }
        (saying, others) => format!(
            "Who may ask it, its policies say: {}. What else holds: {}.",
            names(saying),
            names(others)
        ),
    };
    told + &tried(policies, " In shadow, and refusing nobody: ", ".")
}

/// The policies of an endpoint in a few words. Whom those let in that say nothing of it is worth one: it is everybody.
pub(super) fn in_a_cell(policies: &[AttachedPolicy]) -> String {
    let told = match by_whether_they_say(policies) {
        (saying, others) if saying.is_empty() && others.is_empty() => "(none: every member)".to_owned(),
        (saying, others) if saying.is_empty() => format!("{} (every member)", names(others)),
        _ => names(policies.iter().filter(|policy| !policy.enforcement.is_shadow())),
    };
    told + &tried(policies, " [in shadow: ", "]")
}

/// What is to be said of an endpoint from which a policy was taken, where none is left that says who may ask.
pub(super) fn opened(endpoint: &str, left: &[AttachedPolicy]) -> Option<String> {
    match by_whether_they_say(left) {
        (saying, others) if saying.is_empty() && others.is_empty() => {
            Some(format!("{endpoint} has no policy now: {EVERY_MEMBER}"))
        }
        (saying, others) if saying.is_empty() => Some(format!(
            "{endpoint} has no policy now that says who may ask: {EVERY_MEMBER}. What is left says nothing of who: {}",
            names(others)
        )),
        _ => None,
    }
}
