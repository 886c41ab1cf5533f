//! Types that are written as text, and read from it by their parser alone: in URLs, in JSON and in storage.

/// What a type with `as_str` and `parse` has besides: it prints as its text, and goes through JSON as its text. What breaks
/// its rule is not read.
macro_rules! text_type {
    ($type:ident, $error:ident) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::as_text::read(deserializer)
            }
        }
    };
}

/// An enum whose variants have names.
macro_rules! named_enum {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every one, in order.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant),+];

            /// Its name, in JSON and in storage. It never changes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

/// An enum whose variants have names, and the error for a text that is none of them.
macro_rules! text_enum {
    (
        $(#[$about:meta])* pub enum $name:ident { $($variants:tt)+ }
        $(#[$about_error:meta])* pub struct $error:ident;
    ) => {
        $crate::as_text::named_enum! { $(#[$about])* pub enum $name { $($variants)+ } }

        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        $(#[$about_error])*
        pub struct $error;

        impl $name {
            fn parse(text: &str) -> Result<Self, $error> {
                Self::ALL.into_iter().find(|variant| variant.as_str() == text).ok_or($error)
            }
        }

        $crate::as_text::text_type!($name, $error);
    };
}

pub(crate) use {named_enum, text_enum, text_type};

/// Reads a JSON string with the parser of a type.
pub(crate) fn read<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}
