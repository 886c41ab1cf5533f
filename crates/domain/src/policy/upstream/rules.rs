//! What access policies of the Python Syft Space mean there. It shares nothing with the rules here, on purpose.

/// An access policy as it is stored there. Both sides of a comparison are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpstreamAccess {
    pub(super) allowed: Vec<UpstreamGlob>,
    pub(super) denied: Vec<UpstreamGlob>,
}

/// A glob as there: `*` stands for any run of characters, an `@` among them, `?` for one, `[ab]` and `[!ab]` for one of
/// some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UpstreamGlob {
    pub(super) text: String,
    pub(super) tokens: Vec<Token>,
}

/// What stands in a glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Literal(char),
    Any,
    One,
    Set { is_negated: bool, ranges: Vec<(char, char)> },
}

/// Where in a glob a text may be: in order, each once.
pub(super) type Places = Vec<usize>;

impl UpstreamGlob {
    pub(super) fn new(text: &str) -> Self {
        let text = text.to_lowercase();
        let mut tokens = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            tokens.push(match c {
                '*' => Token::Any,
                '?' => Token::One,
                '[' => match set(rest.as_str()) {
                    Some((token, behind)) => {
                        rest = behind.chars();
                        token
                    }
                    None => Token::Literal('['),
                },
                c => Token::Literal(c),
            });
        }
        Self { text, tokens }
    }

    /// Before a text.
    pub(super) fn start(&self) -> Places {
        self.pass([0].into_iter())
    }

    /// Behind one character more.
    pub(super) fn read(&self, places: &[usize], c: char) -> Places {
        self.pass(places.iter().filter_map(|place| {
            let token = self.tokens.get(*place)?;
            match token {
                Token::Any => Some(*place),
                token if token.takes(c) => Some(place.saturating_add(1)),
                _ => None,
            }
        }))
    }

    pub(super) fn is_end(&self, places: &[usize]) -> bool {
        places.last() == Some(&self.tokens.len())
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let places = text.chars().fold(self.start(), |places, c| self.read(&places, c));
        self.is_end(&places)
    }

    /// The same places, and those behind each `*` at one.
    fn pass(&self, places: impl Iterator<Item = usize>) -> Places {
        let mut all = Places::new();
        for mut place in places {
            all.push(place);
            while self.tokens.get(place) == Some(&Token::Any) {
                place = place.saturating_add(1);
                all.push(place);
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Of two that match, the higher one decides.
    fn specificity(&self) -> i64 {
        let count = |found: usize| i64::try_from(found).unwrap_or(i64::MAX);
        let stars = count(self.text.matches('*').count());
        let literals = count(self.text.chars().count()).saturating_sub(stars);
        if stars == 0 {
            literals.saturating_add(100)
        } else {
            literals.saturating_sub(stars.saturating_mul(2))
        }
    }
}

impl Token {
    pub(super) fn takes(&self, c: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Literal(literal) => *literal == c,
            Self::Set { is_negated, ranges } => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *is_negated
            }
        }
    }
}

/// What stands behind a `[`, as Python's fnmatch reads it: a `]` that comes first belongs to the set.
fn set(text: &str) -> Option<(Token, &str)> {
    let (is_negated, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let first = text.chars().next()?.len_utf8();
    let end = text.get(first..)?.find(']')?.saturating_add(first);
    let (mut inside, behind) = (text.get(..end)?.chars(), text.get(end.saturating_add(1)..)?);
    let mut ranges = Vec::new();
    while let Some(from) = inside.next() {
        let mut ahead = inside.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) => {
                ranges.push((from, to));
                inside = ahead;
            }
            _ => ranges.push((from, from)),
        }
    }
    Some((Token::Set { is_negated, ranges }, behind))
}

impl UpstreamAccess {
    /// A policy of these lists.
    #[must_use]
    pub fn new<'a>(
        allowed: impl IntoIterator<Item = &'a str>,
        denied: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            allowed: allowed.into_iter().map(UpstreamGlob::new).collect(),
            denied: denied.into_iter().map(UpstreamGlob::new).collect(),
        }
    }

    /// Whether it lets this address ask, there.
    #[must_use]
    pub fn admits(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        let best = |list: &[UpstreamGlob]| {
            list.iter().filter(|glob| glob.matches(&address)).map(UpstreamGlob::specificity).max()
        };
        match (best(&self.allowed), best(&self.denied)) {
            (Some(allowed), Some(denied)) => allowed > denied,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => self.allowed.is_empty(),
        }
    }

    /// Whether an endpoint with these policies answers this address, there: one that admits is enough, and without any
    /// everybody is let in.
    #[must_use]
    pub fn any_admits(policies: &[Self], address: &str) -> bool {
        policies.is_empty() || policies.iter().any(|policy| policy.admits(address))
    }
}
