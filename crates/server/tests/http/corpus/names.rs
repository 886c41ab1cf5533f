//! What stands in a recording in the place of what no two runs have alike: ids, times, tokens, cursors, ports.
//!
//! The same value has the same placeholder wherever it stands, so that the recording still tells which thing is meant.

use std::collections::HashMap;

/// Ids that a test writes down itself. They are alike in every run.
const OWN: [&str; 2] = ["0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11", "00000000-0000-0000-0000-000000000000"];

/// Which name each value of this run has.
#[derive(Default)]
pub struct Names {
    /// What a chapter has named, by its name; a name may get another value later.
    kept: Vec<(String, String)>,
    cursors: Vec<String>,
    /// The ids of the requests of this chapter, in their order.
    requests: Vec<String>,
    ids: HashMap<String, usize>,
    times: HashMap<String, usize>,
}

impl Names {
    /// Names a value: requests may say «name», and answers are recorded with it.
    pub fn keep(&mut self, name: &str, value: &str) {
        assert!(value.len() >= 8, "{name}: {value:?} is too short to be told from other text");
        self.kept.push((name.to_owned(), value.to_owned()));
    }

    /// The value of a name.
    pub fn value(&self, name: &str) -> &str {
        let found = self.kept.iter().rev().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("nothing is kept as {name}")).1
    }

    /// The name of a cursor.
    pub fn cursor(&mut self, cursor: &str) -> String {
        let at = self.cursors.iter().position(|known| known == cursor).unwrap_or_else(|| {
            self.cursors.push(cursor.to_owned());
            self.cursors.len() - 1
        });
        format!("«cursor:{}»", at + 1)
    }

    /// Takes down the id of one more request.
    pub fn asked(&mut self, request: &str) {
        self.requests.push(request.to_owned());
    }

    /// Which request of the chapter has this id, counted from 0.
    pub fn request(&self, id: &str) -> Option<usize> {
        self.requests.iter().position(|known| known == id)
    }

    /// A text with values in the places of their names.
    pub fn filled(&self, text: &str) -> String {
        let mut parts = text.split('«');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('»').unwrap();
            let cursor = name.strip_prefix("cursor:").and_then(|number| number.parse::<usize>().ok());
            filled.push_str(cursor.map_or_else(|| self.value(name), |number| &self.cursors[number - 1]));
            filled.push_str(rest);
        }
        filled
    }

    /// A text with names in the places of their values. `own` is the id of the request that it answers.
    pub fn hidden(&mut self, text: &str, own: &str) -> String {
        let mut text = self.parts_hidden(text);
        let mut kept: Vec<_> = self.kept.clone();
        // A value that is a part of another's comes after it.
        kept.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        for (name, value) in &kept {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), &format!("«{name}»"));
            }
        }
        let mut hidden = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(next) = rest.chars().next() {
            if let Some(id) = id_at(rest) {
                hidden.push_str(&self.id(id, own));
                rest = &rest[id.len()..];
            } else if let Some(time) = time_at(rest) {
                let number = self.times.len() + 1;
                hidden.push_str(&format!("«time:{}»", self.times.entry(time.to_owned()).or_insert(number)));
                rest = &rest[time.len()..];
            } else {
                hidden.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        // What nobody has named is a token that nobody uses.
        for token in [
            "\"api_key\":\"",
            "\"token\":\"",
            "\"access_token\":\"",
            "\"refresh_token\":\"",
            "\"review_token\":\"",
            "\"secret\":\"",
            "\"uri\":\"",
            "#reset=",
            "#invitation=",
        ] {
            hidden = behind(&hidden, token, '"', |token| {
                let named = token.starts_with('«');
                if named { token.to_owned() } else { "«token»".to_owned() }
            });
        }
        hidden
    }

    fn id(&mut self, id: &str, own: &str) -> String {
        if OWN.contains(&id) {
            return id.to_owned();
        }
        if id == own {
            return "«request»".to_owned();
        }
        if let Some(request) = self.request(id) {
            return format!("«request:{}»", request + 1);
        }
        let number = self.ids.len() + 1;
        format!("«id:{}»", self.ids.entry(id.to_owned()).or_insert(number))
    }

    /// Hides what only its place tells: cursors, durations, scores, how far the audit log is indexed.
    fn parts_hidden(&mut self, text: &str) -> String {
        let text = behind(text, "\"next_cursor\":\"", '"', |cursor| self.cursor(cursor));
        // It is of what has ids; the one that is used has a name.
        let kept: Vec<_> = self.kept.iter().map(|(_, value)| value.clone()).collect();
        let text = behind(&text, "\"digest\":\"", '"', |digest| {
            if kept.iter().any(|value| value == digest) { digest.to_owned() } else { "«digest»".to_owned() }
        });
        // What is computed of ids, times and salts.
        let text = behind(&text, "\"hashes\":[", ']', |_| "«hashes»".to_owned());
        let mut text = behind(&text, "\"checkpoint\":\"", '"', |_| "«checkpoint»".to_owned());
        for hash in ["\"root\":\"", "\"from_root\":\"", "\"to_root\":\"", "\"verifier_key\":\""] {
            text = behind(&text, hash, '"', |_| "«hash»".to_owned());
        }
        let text = behind(&text, "\"certificate\":\"", '"', |_| "«certificate»".to_owned());
        let text = behind(&text, "\"certificate_path\":\"", '"', |path| {
            path.rsplit_once('/').map_or_else(String::new, |(of, _)| format!("{of}/«token»"))
        });
        // A picture of a secret; it is the last of its fields.
        let text = behind(&text, "\"svg\":\"", '}', |_| "«svg»\"".to_owned());
        let text = behind(&text, "\"response_time_ms\":", '}', |_| "«ms»".to_owned());
        let text = if text.ends_with("# EOF\n") { without_numbers(&text) } else { text };
        // How many events there are is the same for every store; how many of them are indexed is not.
        behind(&text, "\"projection\":{", '}', |projection| {
            let numbers = projection.split([':', ',']).filter_map(|part| part.parse::<u64>().ok());
            format!("«{} in all»", numbers.sum::<u64>())
        })
    }
}

/// The lines of metrics without what they count, for that hangs on when it is looked at; in order, for the library gives them in none.
fn without_numbers(text: &str) -> String {
    let mut lines: Vec<_> = text
        .lines()
        .map(|line| match line.rsplit_once(' ') {
            Some((name, _)) if !line.starts_with('#') => format!("{name} «number»"),
            _ => line.to_owned(),
        })
        .collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// Hides how close hits are: engines differ in it.
pub fn without_scores(text: &str) -> String {
    behind(text, "\"similarity_score\":", '}', |_| "«score»".to_owned())
}

/// A text with something else between each `begin` and the next `end` that no backslash takes back.
fn behind(text: &str, begin: &str, end: char, mut put: impl FnMut(&str) -> String) -> String {
    let mut parts = text.split(begin);
    let mut changed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut is_escaped = false;
        let is_end = |(_, one): &(usize, char)| {
            let ends = *one == end && !is_escaped;
            is_escaped = *one == '\\' && !is_escaped;
            ends
        };
        let (value, rest) = match part.char_indices().find(is_end) {
            Some((at, _)) => (&part[..at], &part[at + end.len_utf8()..]),
            None => (part, ""),
        };
        changed.push_str(begin);
        changed.push_str(&put(value));
        changed.push(end);
        changed.push_str(rest);
    }
    changed
}

/// The UUID at the beginning of a text.
fn id_at(text: &str) -> Option<&str> {
    let id = text.get(..36)?;
    let fits = id.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    });
    fits.then_some(id)
}

/// The time (RFC 3339, in UTC) at the beginning of a text.
fn time_at(text: &str) -> Option<&str> {
    let shape = "0000-00-00T00:00:00";
    let begin = text.get(..shape.len())?;
    let fits =
        begin.chars().zip(shape.chars()).all(|(one, of)| one == of || of == '0' && one.is_ascii_digit());
    let end = text.find('Z').filter(|end| fits && *end < 30)?;
    text.get(..=end)
}
