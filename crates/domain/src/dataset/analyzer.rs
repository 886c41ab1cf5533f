//! The analyzer of a dataset, which makes words comparable. It is chosen when the dataset is made.

use serde::{Deserialize, Serialize};

/// How text is cut into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokenizer {
    /// At everything that is no letter or digit: for languages that put something between words.
    #[default]
    Words,
    /// The same, and runs of Chinese, Japanese and Korean characters into each two that are neighbours.
    Cjk,
}

impl Tokenizer {
    /// Every tokenizer.
    pub const ALL: &[Self] = &[Self::Words, Self::Cjk];

    /// Its name, as the configuration of a dataset has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Cjk => "cjk",
        }
    }
}

/// An enum of languages, whose names in configuration are their English ones in lower case, and `none`.
macro_rules! languages {
    ($(#[$about:meta])* $name:ident: $($language:ident $text:literal),+ $(,)?) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name {
            /// Of no language.
            None,
            $(#[doc = concat!("Of ", stringify!($language), ".")] $language,)+
        }

        impl $name {
            /// Every choice there is.
            pub const ALL: &[Self] = &[Self::None, $(Self::$language),+];

            /// Its name, as the configuration of a dataset has it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    Self::None => "none",
                    $(Self::$language => $text,)+
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::English
            }
        }
    };
}

languages! {
    /// By the rules of which language words are cut to their stem.
    Stemming:
    Arabic "arabic", Danish "danish", Dutch "dutch", English "english", Finnish "finnish", French "french",
    German "german", Greek "greek", Hungarian "hungarian", Italian "italian", Norwegian "norwegian",
    Portuguese "portuguese", Romanian "romanian", Russian "russian", Spanish "spanish", Swedish "swedish",
    Tamil "tamil", Turkish "turkish",
}

languages! {
    /// Of which language words such as "the" are left out.
    StopWords:
    Danish "danish", Dutch "dutch", English "english", Finnish "finnish", French "french", German "german",
    Hungarian "hungarian", Italian "italian", Norwegian "norwegian", Portuguese "portuguese",
    Russian "russian", Spanish "spanish", Swedish "swedish",
}

/// How the words of a dataset are made comparable. What was stored before there were several tokenizers means
/// [`Tokenizer::Words`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnalyzerSettings {
    /// How text is cut into words.
    pub tokenizer: Tokenizer,
    /// Whether words are cut to their stem, and by which language.
    pub stemming: Stemming,
    /// Whether words such as "the" are left out, and of which language.
    pub stop_words: StopWords,
}

impl AnalyzerSettings {
    /// Words as they are written.
    pub const PLAIN: Self =
        Self { tokenizer: Tokenizer::Words, stemming: Stemming::None, stop_words: StopWords::None };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_written_and_read_by_its_name() {
        let json = |name: &str| format!("\"{name}\"");
        for one in Tokenizer::ALL {
            assert_eq!(serde_json::to_string(one).unwrap(), json(one.as_str()));
            assert_eq!(serde_json::from_str::<Tokenizer>(&json(one.as_str())).unwrap(), *one);
        }
        for one in Stemming::ALL {
            assert_eq!(serde_json::to_string(one).unwrap(), json(one.as_str()));
            assert_eq!(serde_json::from_str::<Stemming>(&json(one.as_str())).unwrap(), *one);
        }
        for one in StopWords::ALL {
            assert_eq!(serde_json::to_string(one).unwrap(), json(one.as_str()));
            assert_eq!(serde_json::from_str::<StopWords>(&json(one.as_str())).unwrap(), *one);
        }
    }

    #[test]
    fn what_was_stored_before_there_were_tokenizers_means_words() {
        let read = |json: &str| serde_json::from_str::<AnalyzerSettings>(json).unwrap();
        assert_eq!(read(r#"{"stemming":"none","stop_words":"none"}"#), AnalyzerSettings::PLAIN);
        assert_eq!(read(r#"{"stemming":"english","stop_words":"english"}"#), AnalyzerSettings::default());
    }

    #[test]
    fn i1_an_unknown_language_is_refused_with_all_that_are_known() {
        let refused = serde_json::from_str::<AnalyzerSettings>(r#"{"stemming":"klingon"}"#).unwrap_err();
        for known in Stemming::ALL {
            assert!(refused.to_string().contains(&format!("`{}`", known.as_str())), "{refused}");
        }
    }
}
