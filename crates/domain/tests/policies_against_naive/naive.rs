//! What docs/policies.md says a verdict is, done slowly: every policy is asked, every pattern tried, nothing compiled.
//!
//! It is written from that page alone. It shares no code with what it judges but the names of roles, reasons and messages.

use std::collections::BTreeSet;

use syft_space_domain::access::Role;
use syft_space_domain::endpoint::MessageRole;
use syft_space_domain::policy::{Effect, Reason};

use crate::written::{Asker, Case, Demands, Said, Who, Written};

/// What is expected of a decision.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The reason, which also tells the verdict.
    pub(crate) reason: Reason,
    /// Which policy decided, by its place among those attached, and by which of these rules: any, where the page names none.
    pub(crate) decided_by: Option<(usize, Vec<String>)>,
    /// The purposes that are told to a caller who named none.
    pub(crate) purposes: BTreeSet<String>,
    /// What each policy says if it is asked.
    pub(crate) words: Vec<Word>,
}

/// What a policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// It means the caller, or refuses the query, by one of these rules.
    Matched(Vec<String>),
    /// It does not.
    NotMatched,
    /// It cannot tell without the address.
    AddressUnknown,
    /// It cannot tell without the purpose.
    PurposeMissing,
    /// It cannot be read.
    Unavailable,
}

/// The decision that the page leads to.
pub(crate) fn expected(case: &Case) -> Expected {
    let words: Vec<Word> = case.policies.iter().map(|policy| word(policy, case)).collect();
    let (policies_say, decided_by) = among_policies(case, &words);
    let reason = concealed(case).or(policies_say).unwrap_or(match case.asker.who {
        _ if !may_query(&case.asker) => Reason::MayNotQuery,
        _ if has(case, Effect::Allow) => Reason::AllowedByPolicy,
        _ if case.policies.iter().any(Written::says_who) => Reason::NotDenied,
        _ => Reason::MemberOfTenant,
    });
    let purposes = if reason == Reason::PurposeMissing { common_purposes(case) } else { BTreeSet::new() };
    Expected { reason, decided_by, purposes, words }
}

/// Whether the caller may not know of the endpoint, whatever the policies say of them.
fn concealed(case: &Case) -> Option<Reason> {
    let member = |roles: &[Role]| matches!(case.asker.who, Who::Member(role) if roles.contains(&role));
    if case.asker.who == (Who::HubUser { registered: false })
        || case.asker.who == (Who::Guest { registered: false })
    {
        Some(Reason::HubNotRegistered)
    } else if !case.published && !member(&[Role::Owner, Role::Admin]) {
        Some(Reason::EndpointDraft)
    } else if !case.policies.iter().any(Written::says_who) && !member(&[Role::Owner, Role::Admin, Role::User])
    {
        Some(Reason::NoAccessPolicy)
    } else {
        None
    }
}

/// Whether the caller's role permits querying. A hub's users and guests have none, and need none.
fn may_query(asker: &Asker) -> bool {
    match asker.who {
        Who::Member(role) => matches!(role, Role::Owner | Role::Admin | Role::User),
        Who::Stranger => false,
        Who::HubUser { .. } | Who::Guest { .. } => true,
    }
}

/// Why the policies refuse, if they do, and which rule decided among them.
fn among_policies(case: &Case, words: &[Word]) -> (Option<Reason>, Option<(usize, Vec<String>)>) {
    let said: Vec<(usize, &Written, &Word)> = case
        .policies
        .iter()
        .zip(words)
        .enumerate()
        .map(|(place, (policy, word))| (place, policy, word))
        .collect();
    let first_match = |wanted: &dyn Fn(&Written) -> bool| {
        said.iter().find_map(|(place, policy, word)| match word {
            Word::Matched(rules) if wanted(policy) => Some((*place, rules.clone())),
            _ => None,
        })
    };
    let any = |effect: Effect, wanted: &Word| {
        said.iter().any(|(_, policy, word)| policy.mode() == effect && *word == wanted)
    };
    // Where one cannot be evaluated nobody is let in.
    if words.contains(&Word::Unavailable) {
        return (Some(Reason::PolicyUnavailable), None);
    }
    // First who may query: whom one denies is refused, whatever allows them.
    let of_first_stage = |policy: &Written| policy.mode() == Effect::Deny && !policy.is_limit();
    if let Some(decided) = first_match(&of_first_stage) {
        return (Some(Reason::DeniedByPolicy), Some(decided));
    }
    // The verdict hangs on an address that is unknown where it could deny, or where nothing else allows.
    let allowed = first_match(&|policy| policy.mode() == Effect::Allow);
    if any(Effect::Deny, &Word::AddressUnknown)
        || allowed.is_none() && any(Effect::Allow, &Word::AddressUnknown)
    {
        return (Some(Reason::AddressUnknown), None);
    }
    // Where there are policies that allow, one must; and a guest is let in by one that allows, or not at all.
    if allowed.is_none() && case.policies.iter().any(Written::says_who) {
        if matches!(case.asker.who, Who::Guest { .. }) {
            return (Some(Reason::GuestsNotAdmitted), None);
        }
        if has(case, Effect::Allow) {
            return (Some(Reason::NoPolicyAllows), None);
        }
    }
    // Only who is let in learns that a purpose is demanded.
    if any(Effect::Deny, &Word::PurposeMissing) {
        return (Some(Reason::PurposeMissing), None);
    }
    // Then how much.
    match first_match(&Written::is_limit) {
        Some(decided) => (Some(Reason::DeniedByPolicy), Some(decided)),
        None => (None, allowed),
    }
}

fn has(case: &Case, mode: Effect) -> bool {
    case.policies.iter().any(|policy| policy.says_who() && policy.mode() == mode)
}

/// What one policy says of the case.
fn word(policy: &Written, case: &Case) -> Word {
    let query = case.query.as_ref();
    match policy {
        Written::Unreadable { .. } => Word::Unavailable,
        Written::Access { patterns, guests, from, until, .. } => {
            // Where one of the groups is not known, the policy cannot be evaluated.
            let named = patterns.iter().filter_map(|pattern| pattern.strip_prefix("group:"));
            if named.clone().any(|name| case.groups.get(name).is_none_or(Option::is_none)) {
                return Word::Unavailable;
            }
            let acts = from.is_none_or(|from| case.now >= from) && until.is_none_or(|until| case.now < until);
            if acts { means(patterns, *guests, case) } else { Word::NotMatched }
        }
        Written::Demands(Demands::Purpose(allowed)) => match query.map(|query| &query.purpose) {
            None => Word::NotMatched,
            Some(None) => Word::PurposeMissing,
            Some(Some(purpose)) if allowed.contains(purpose) => Word::NotMatched,
            Some(Some(_)) => Word::Matched(Vec::new()),
        },
        Written::Demands(Demands::Length(most)) => {
            let said = query.and_then(|query| query.conversation.as_deref());
            let length = |said: &[Said]| said.iter().map(|one| one.text.chars().count()).sum::<usize>();
            if said.is_some_and(|said| length(said) > *most) {
                Word::Matched(Vec::new())
            } else {
                Word::NotMatched
            }
        }
        Written::Demands(Demands::Content { block, require }) => query
            .and_then(|query| query.conversation.as_deref())
            .map_or(Word::NotMatched, |said| content(block, require, said)),
    }
}

/// Whether an access policy that acts means the caller.
fn means(patterns: &[String], guests: bool, case: &Case) -> Word {
    let asker = &case.asker;
    if matches!(asker.who, Who::Guest { .. }) {
        return if guests { Word::Matched(vec!["guests".to_owned()]) } else { Word::NotMatched };
    }
    // In the form that is shown: small letters, and one star for many.
    let canonical = |pattern: &String| {
        let mut small = pattern.to_lowercase();
        while small.contains("**") {
            small = small.replace("**", "*");
        }
        small
    };
    let patterns: Vec<String> = patterns.iter().map(canonical).collect();
    match &asker.address {
        Some(address) => {
            let address = address.to_lowercase();
            let (groups, others): (Vec<_>, Vec<_>) =
                patterns.iter().partition(|pattern| pattern.starts_with("group:"));
            let is_in = |group: &String| {
                let members = group.strip_prefix("group:").and_then(|name| case.groups.get(name));
                members.is_some_and(|members| members.iter().flatten().any(|member| *member == address))
            };
            let by_pattern = others.into_iter().find(|pattern| *pattern == "*" || glob(pattern, &address));
            let matching = by_pattern.or_else(|| groups.into_iter().find(|group| is_in(group)));
            matching.map_or(Word::NotMatched, |pattern| Word::Matched(vec![pattern.clone()]))
        }
        None if patterns.iter().any(|pattern| pattern == "*") => Word::Matched(vec!["*".to_owned()]),
        None if patterns.is_empty() => Word::NotMatched,
        None => Word::AddressUnknown,
    }
}

/// Whether a glob matches: a star stands for any run of characters but `@`, and all else for itself.
fn glob(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let runs = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            runs.take_while(|at| !text[..*at].contains('@')).any(|at| glob(rest.as_str(), &text[at..]))
        }
        Some(letter) => text.strip_prefix(letter).is_some_and(|text| glob(rest.as_str(), text)),
    }
}

/// What the page says of phrases: none of these may be said by the caller, and one of those must be in the question.
fn content(block: &[String], require: &[String], said: &[Said]) -> Word {
    let callers = said.iter().filter(|one| matches!(one.role, MessageRole::User | MessageRole::System));
    let callers: Vec<Vec<String>> = callers.map(|one| words(&one.text)).collect();
    let is_said = |phrase: &&Vec<String>| callers.iter().any(|text| stands_in(phrase, text));
    let blocked: Vec<Vec<String>> = block.iter().map(|phrase| words(phrase)).collect();
    let found: Vec<String> = blocked.iter().filter(is_said).map(|phrase| phrase.join(" ")).collect();
    if !found.is_empty() {
        return Word::Matched(found);
    }
    let question = said.iter().rfind(|one| one.role == MessageRole::User).map(|one| words(&one.text));
    let question = question.unwrap_or_default();
    if require.is_empty() || require.iter().any(|phrase| stands_in(&words(phrase), &question)) {
        Word::NotMatched
    } else {
        Word::Matched(Vec::new())
    }
}

/// Whether a phrase's words stand in a text, one behind the other.
fn stands_in(phrase: &[String], text: &[String]) -> bool {
    text.windows(phrase.len()).any(|words| words == phrase)
}

/// The words of a text as they are compared. It knows those characters alone that the cases are made of.
fn words(text: &str) -> Vec<String> {
    let seen = text.replace(['\u{ad}', '\u{200b}'], "").replace('\u{fb01}', "fi").replace('\u{ff41}', "a");
    let small = seen.to_lowercase();
    small
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The purposes that each policy allows that demands one.
fn common_purposes(case: &Case) -> BTreeSet<String> {
    let demanded: Vec<&BTreeSet<String>> = case.policies.iter().filter_map(Written::purposes).collect();
    let all: BTreeSet<&String> = demanded.iter().copied().flatten().collect();
    all.into_iter().filter(|one| demanded.iter().all(|allowed| allowed.contains(*one))).cloned().collect()
}
