//! What a case is made of: policies as an owner writes them, who asks, and what. And how cases are drawn: of few letters,
//! so that patterns often mean whoever asks, and of few instants, so that policies often begin or end at that very one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_set, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use syft_space_domain::access::Role;
use syft_space_domain::endpoint::MessageRole;
use syft_space_domain::policy::Effect;

/// 2027-06-30T18:00:00Z, in microseconds since 1970. The instants of a case are some microseconds later.
pub(crate) const BEGUN: i64 = 1_814_378_400_000_000;

/// A query, and the policies of the endpoint that it is made to.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The policies, in the order in which they are attached.
    pub(crate) policies: Vec<Written>,
    /// Who asks.
    pub(crate) asker: Asker,
    /// Whether the endpoint is more than a draft.
    pub(crate) published: bool,
    /// When, in microseconds from [`BEGUN`].
    pub(crate) now: u8,
    /// Who is in each group of the tenant; `None` of one that cannot be read.
    pub(crate) groups: BTreeMap<String, Option<BTreeSet<String>>>,
    /// What is asked; `None` where somebody wants to know who could query.
    pub(crate) query: Option<Query>,
}

/// A policy as an owner writes it.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// Of type access.
    Access {
        /// Whether it allows or denies.
        mode: Effect,
        /// Whom it means.
        patterns: Vec<String>,
        /// Whether it means guests.
        guests: bool,
        /// From when on it acts.
        from: Option<u8>,
        /// From when on it does not act any more.
        until: Option<u8>,
        /// Whether it is written in the shape of the Python Syft Space, where that can say it.
        foreign: bool,
    },
    /// Of a type that demands something of a query.
    Demands(Demands),
    /// Stored by another version: this one cannot read it.
    Unreadable {
        /// Its type.
        policy_type: &'static str,
        /// What is stored.
        text: &'static str,
    },
}

/// What a policy demands of a query.
#[derive(Debug, Clone)]
pub(crate) enum Demands {
    /// One of these purposes.
    Purpose(BTreeSet<String>),
    /// At most so many characters.
    Length(usize),
    /// None of some phrases, and one of others.
    Content {
        /// What may not be said.
        block: Vec<String>,
        /// Of which one must be in the question, unless there are none.
        require: Vec<String>,
    },
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// As what.
    pub(crate) who: Who,
    /// Their address, if it is known.
    pub(crate) address: Option<String>,
}

/// As what somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// As an active member.
    Member(Role),
    /// As somebody who may not act as a member.
    Stranger,
    /// As a user of a hub.
    HubUser {
        /// On which the tenant has an account.
        registered: bool,
    },
    /// As a guest of one.
    Guest {
        /// On which the tenant has an account.
        registered: bool,
    },
}

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// The messages; `None` where an owner has a query explained that says nothing.
    pub(crate) conversation: Option<Vec<Said>>,
    /// What for.
    pub(crate) purpose: Option<String>,
}

/// A message.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// Who says it.
    pub(crate) role: MessageRole,
    /// What.
    pub(crate) text: String,
}

impl Written {
    /// The name of its type.
    pub(crate) fn policy_type(&self) -> &'static str {
        match self {
            Self::Access { .. } => "access",
            Self::Demands(Demands::Purpose(_)) => "purpose",
            Self::Demands(Demands::Length(_)) => "token_limit",
            Self::Demands(Demands::Content { .. }) => "content",
            Self::Unreadable { policy_type, .. } => policy_type,
        }
    }

    /// Its configuration as an owner writes it.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Access { mode, patterns, guests: false, from: None, until: None, foreign: true }
                if !patterns.is_empty() && !patterns.iter().any(|one| one.starts_with("group:")) =>
            {
                let (named, empty) = match mode {
                    Effect::Allow => ("allowed_users", "denied_users"),
                    Effect::Deny => ("denied_users", "allowed_users"),
                };
                json!({ named: patterns, empty: [] })
            }
            Self::Access { mode, patterns, guests, from, until, .. } => {
                let mut json = json!({ "mode": mode.as_str(), "patterns": patterns });
                if *guests {
                    json["guests"] = true.into();
                }
                for (key, time) in [("valid_from", from), ("valid_until", until)] {
                    if let Some(micros) = time {
                        json[key] = instant(*micros).into();
                    }
                }
                json
            }
            Self::Demands(Demands::Purpose(allowed)) => json!({ "allowed": allowed }),
            Self::Demands(Demands::Length(most)) => json!({ "max_characters": most }),
            Self::Demands(Demands::Content { block, require }) => {
                json!({ "block": block, "require": require })
            }
            Self::Unreadable { .. } => Value::Null,
        }
    }

    /// Whether it allows or denies.
    pub(crate) fn mode(&self) -> Effect {
        match self {
            Self::Access { mode, .. } => *mode,
            Self::Demands(_) | Self::Unreadable { .. } => Effect::Deny,
        }
    }

    /// Whether it says who may query. One that cannot be read may have done so.
    pub(crate) fn says_who(&self) -> bool {
        matches!(self, Self::Access { .. } | Self::Unreadable { .. })
    }

    /// Whether it is asked in the second stage.
    pub(crate) fn is_limit(&self) -> bool {
        matches!(self, Self::Demands(Demands::Length(_)))
    }

    /// The purposes of which it demands one, if it does.
    pub(crate) fn purposes(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Demands(Demands::Purpose(allowed)) => Some(allowed),
            Self::Access { .. } | Self::Demands(_) | Self::Unreadable { .. } => None,
        }
    }
}

/// An instant of a case, written in one of two zones.
fn instant(micros: u8) -> String {
    if micros.is_multiple_of(2) {
        format!("2027-06-30T18:00:00.{micros:06}Z")
    } else {
        format!("2027-06-30T20:00:00.{micros:06}+02:00")
    }
}

/// Any case.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    let query = weighted(0.9, (weighted(0.8, conversation()), weighted(0.75, purpose())));
    let query = query.prop_map(|query| query.map(|(conversation, purpose)| Query { conversation, purpose }));
    (policies(), asker(), prop::bool::weighted(0.9), 0..8_u8, groups(), query).prop_map(
        |(policies, asker, published, now, groups, query)| Case {
            policies,
            asker,
            published,
            now,
            groups,
            query,
        },
    )
}

/// Two groups, of which seldom one cannot be read; there is no third.
fn groups() -> impl Strategy<Value = BTreeMap<String, Option<BTreeSet<String>>>> {
    let members = || weighted(0.98, btree_set(address().prop_map(|address| address.to_lowercase()), 0..8));
    (members(), members()).prop_map(|(g, h)| [("g".to_owned(), g), ("h".to_owned(), h)].into())
}

fn policies() -> impl Strategy<Value = Vec<Written>> {
    let demands = prop_oneof![
        3 => btree_set(purpose(), 1..4).prop_map(Demands::Purpose),
        2 => (3..25_usize).prop_map(Demands::Length),
        3 => (vec(phrase(), 0..3), vec(phrase(), 0..3)).prop_map(|(mut block, require)| {
            // With none of either it is refused.
            if block.is_empty() && require.is_empty() {
                block.push("a".to_owned());
            }
            Demands::Content { block, require }
        }),
    ];
    let unreadable = select(vec![
        ("curfew", "{}"),
        ("access", r#"{"mode":"maybe","patterns":[]}"#),
        ("purpose", r#"{"allowed":"#),
        ("token_limit", r#"{"max_characters":0}"#),
    ]);
    let unreadable = unreadable.prop_map(|(policy_type, text)| Written::Unreadable { policy_type, text });
    let one = prop_oneof![60 => access(), 40 => demands.prop_map(Written::Demands), 2 => unreadable];
    vec(one, 0..6)
}

/// Any policy of type access.
pub(crate) fn access() -> impl Strategy<Value = Written> {
    let mode = prop_oneof![3 => Just(Effect::Allow), 2 => Just(Effect::Deny)];
    let times = (weighted(0.25, 1..7_u8), weighted(0.25, 1..7_u8));
    let times = times.prop_map(|(from, until)| match from.zip(until) {
        // The end is behind the beginning: else it is refused.
        Some((from, until)) if until <= from => (Some(from), Some(from + 1)),
        _ => (from, until),
    });
    (mode, vec(pattern(), 0..5), prop::bool::weighted(0.3), times, any::<bool>()).prop_map(
        |(mode, patterns, guests, (from, until), foreign)| Written::Access {
            mode,
            patterns,
            guests,
            from,
            until,
            foreign,
        },
    )
}

/// Anybody.
pub(crate) fn asker() -> impl Strategy<Value = Asker> {
    let role = select(vec![Role::Owner, Role::Admin, Role::User, Role::User, Role::Viewer]);
    let registered = || prop::bool::weighted(0.9);
    let who = prop_oneof![
        4 => role.prop_map(Who::Member),
        1 => Just(Who::Stranger),
        3 => registered().prop_map(|registered| Who::HubUser { registered }),
        2 => registered().prop_map(|registered| Who::Guest { registered }),
    ];
    (who, weighted(0.8, address())).prop_map(|(who, address)| Asker { who, address })
}

fn address() -> impl Strategy<Value = String> {
    let local = select(vec!["a", "b", "A", "ab", "ba", "aab", "a.b", "a+b", "bab", "aba", "abab", "abb"]);
    (local, domain()).prop_map(|(local, domain)| format!("{local}@{domain}"))
}

fn domain() -> impl Strategy<Value = &'static str> {
    select(vec!["a.b", "b.a", "ab.b", "a.a.b", "b.a.B", "aba.b.b", "ab.a"])
}

fn pattern() -> impl Strategy<Value = String> {
    let halves = |alternatives: &'static [&'static str]| select(alternatives);
    let local = halves(&[
        "*", "a*", "*b", "a*b", "*a*", "**", "b*a*", "A*", "a", "*.*", "*+*", "a*a*b", "*a*b*", "*ab*a*",
        "a*b*a*b", "*b*b*",
    ]);
    let domains = halves(&[
        "*", "*.b", "a.*", "*a.b", "a*.b", "*.*.*", "*.A.*", "*a*b*", "b.a", "A.b", "*.b.*", "*ab*a*", "*b*a",
    ]);
    let glob = (local, domains).prop_map(|(local, domain)| format!("{local}@{domain}"));
    prop_oneof![
        6 => glob,
        2 => domain().prop_map(|domain| format!("*@{domain}")),
        4 => address(),
        1 => Just("*".to_owned()),
        2 => prop_oneof![20 => Just("group:g"), 20 => Just("group:h"), 1 => Just("group:gone")].prop_map(str::to_owned),
    ]
}

/// Any purpose, of three words and a code.
pub(crate) fn purpose() -> impl Strategy<Value = String> {
    select(vec!["teaching", "Teaching", "research", "DUO:0000006"]).prop_map(str::to_owned)
}

fn conversation() -> impl Strategy<Value = Vec<Said>> {
    let others = || {
        let role =
            select(vec![MessageRole::System, MessageRole::User, MessageRole::Assistant, MessageRole::Tool]);
        vec((role, vec(word(), 0..4)), 0..3)
    };
    (others(), vec(word(), 1..5), others()).prop_map(|(before, question, after)| {
        let said = |(role, words): (MessageRole, Vec<String>)| Said { role, text: words.concat() };
        let question = (MessageRole::User, question);
        // The last message of a user is the question, and no question is empty.
        let is_empty =
            |(role, words): &(MessageRole, Vec<String>)| *role == MessageRole::User && words.is_empty();
        let all = before.into_iter().chain([question]).chain(after);
        all.filter(|message| !is_empty(message)).map(said).collect()
    })
}

/// A word, and what stands behind it.
fn word() -> impl Strategy<Value = String> {
    let behind = select(vec![" ", " ", "-", ", ", "\n", ""]);
    (spelling(), behind).prop_map(|(word, behind)| format!("{word}{behind}"))
}

fn phrase() -> impl Strategy<Value = String> {
    vec(spelling(), 1..3).prop_map(|words| words.join(" "))
}

/// A few words, in spellings that count as the same: capitals, ligatures, wide letters, what nobody sees.
fn spelling() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "A", "\u{ff41}", "b", "B", "\u{200b}b", "fi", "\u{fb01}", "FI", "ab", "a\u{ad}b"])
}
