//! The zones of the IANA time zone database, by their names.

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The longest name that is looked up, in bytes.
pub(super) const MAX_NAME: usize = 64;

/// What stands in the database for a host whose zone nobody has said.
const UNSAID: &str = "Factory";

/// The zone of a name, however it is capitalised, from the database that is compiled in: what a policy means does not hang on
/// the host.
pub(super) fn find(name: &str) -> Option<TimeZone> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    // `Etc/Unknown` is found too, and has no name.
    let is_one = zone.iana_name().is_some_and(|name| name != UNSAID);
    is_one.then_some(zone)
}

/// The name that is most like a text, if one is much like it: all of the name, or its last part.
pub(super) fn nearest(text: &str) -> Option<String> {
    let text = text.trim().replace(' ', "_").to_ascii_lowercase();
    if text.len() > MAX_NAME {
        return None;
    }
    let distance = |name: &str| {
        let name = name.to_ascii_lowercase();
        let place = name.rsplit('/').next().unwrap_or_default();
        strsim::damerau_levenshtein(&text, &name).min(strsim::damerau_levenshtein(&text, place))
    };
    let database = TimeZoneDatabase::bundled();
    let names = database.available().filter(|name| name.as_str() != UNSAID);
    let nearest = names.map(|name| (distance(name.as_str()), name.as_str().to_owned())).min()?;
    // Of a short name each letter counts: another zone's would be a bad advice.
    Some(nearest.1).filter(|_| nearest.0 <= text.len() / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z4_a_zone_is_found_by_its_name_and_what_means_none_is_no_zone() {
        let name = |text| find(text).and_then(|zone| zone.iana_name().map(str::to_owned));
        for (text, found) in [
            ("Europe/Berlin", Some("Europe/Berlin")),
            ("europe/BERLIN", Some("Europe/Berlin")),
            ("utc", Some("UTC")),
            ("Etc/GMT+5", Some("Etc/GMT+5")),
            ("Asia/Calcutta", Some("Asia/Calcutta")),
            ("Factory", None),
            ("Etc/Unknown", None),
            ("Berlin", None),
            ("+02:00", None),
            ("../etc/passwd", None),
            ("", None),
        ] {
            assert_eq!(name(text).as_deref(), found, "{text:?}");
        }
    }

    #[test]
    fn z4_the_nearest_zone_is_named_and_none_that_is_far() {
        for (text, named) in [
            ("Berlin", Some("Europe/Berlin")),
            ("Europe/Berlim", Some("Europe/Berlin")),
            ("new york", Some("America/New_York")),
            ("Europe/Muenchen", None),
            ("PST", None),
            ("+02:00", None),
            ("", None),
        ] {
            assert_eq!(nearest(text).as_deref(), named, "{text:?}");
        }
        assert_eq!(nearest(&"Berlin".repeat(1_000)), None);
    }
}
