//! In what does an answer differ from its recording, as shortly as a person can see it?

/// How many differences are shown.
pub const SHOWN: usize = 5;
/// How many characters of a line are shown before and behind where it begins to differ.
const AROUND: usize = 120;

/// What is otherwise in a chapter, request by request.
pub fn differences(chapter: &str, recorded: &str, written: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (recorded.split("\n=== ").collect(), written.split("\n=== ").collect());
    let mut found = Vec::new();
    for at in 0..old.len().max(new.len()) {
        let (old, new) =
            (old.get(at).copied().unwrap_or("(nothing)"), new.get(at).copied().unwrap_or("(nothing)"));
        let (asked_before, asked) =
            (old.lines().next().unwrap_or_default(), new.lines().next().unwrap_or_default());
        if at > 0 && asked_before != asked {
            found.push(format!(
                "\n{chapter}, from here on other requests:\n  - {asked_before}\n  + {asked}\n"
            ));
            break;
        }
        if old != new {
            found.push(format!("\n{chapter}: {asked}\n{}", lines(old, new)));
        }
    }
    found
}

/// The first lines that differ.
fn lines(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut shown = String::new();
    let differ = (0..old.len().max(new.len())).filter(|at| old.get(*at) != new.get(*at));
    for at in differ.take(3) {
        let (old, new) = (old.get(at).copied().unwrap_or_default(), new.get(at).copied().unwrap_or_default());
        let equal = old.chars().zip(new.chars()).take_while(|(one, other)| one == other).count();
        for (sign, line) in [('-', old), ('+', new)] {
            let begin = equal.saturating_sub(AROUND);
            let part: String = line.chars().skip(begin).take(2 * AROUND).collect();
            shown.push_str(&format!("  {sign} {}{part}\n", if begin > 0 { "…" } else { "" }));
        }
    }
    shown
}

#[test]
fn a_difference_is_shown_with_what_was_asked() {
    let recorded = "x\n=== anna GET /a\nHTTP/1.1 200 OK\n{}\n\n=== anna GET /b\nHTTP/1.1 200 OK\n{\"b\":1}\n";
    let written = recorded.replace("\"b\":1", "\"b\":2");
    let found = differences("story", recorded, &written);
    assert_eq!(found, ["\nstory: anna GET /b\n  - {\"b\":1}\n  + {\"b\":2}\n"]);
    assert_eq!(differences("story", recorded, recorded), Vec::<String>::new());
    let other = differences("story", recorded, &recorded.replace("GET /a", "GET /c"));
    assert!(other.len() == 1 && other[0].contains("from here on other requests"), "{other:?}");
}
