//! Stems of words, remembered: a text says the same words over and over, and to stem one costs more than to look it up.

use std::collections::HashMap;

use tantivy::tokenizer::{Language, RawTokenizer, Stemmer, Token, TokenFilter, TokenStream, Tokenizer};

/// The most words whose stems are remembered at once: as many as nearly all of a text consists of.
const MAX_REMEMBERED: usize = 8_192;

/// Makes of each word its stem.
#[derive(Clone)]
pub(crate) struct RememberedStems {
    /// What stems a word, which is put through it.
    stemmer: <Stemmer as TokenFilter>::Tokenizer<RawTokenizer>,
    stems: HashMap<Box<str>, Box<str>>,
}

impl RememberedStems {
    pub(crate) fn new(language: Language) -> Self {
        Self { stemmer: Stemmer::new(language).transform(RawTokenizer::default()), stems: HashMap::new() }
    }

    /// Puts its stem in the place of a word.
    fn stem(&mut self, word: &mut String) {
        if let Some(stem) = self.stems.get(word.as_str()) {
            word.clear();
            word.push_str(stem);
            return;
        }
        let stem: Box<str> = {
            let mut stream = self.stemmer.token_stream(word);
            if !stream.advance() {
                return;
            }
            stream.token().text.as_str().into()
        };
        // Which words a text goes on with is not known: to begin anew costs less than to keep account of it.
        if self.stems.len() >= MAX_REMEMBERED {
            self.stems.clear();
        }
        let unstemmed = std::mem::replace(word, stem.to_string());
        self.stems.insert(unstemmed.into_boxed_str(), stem);
    }
}

impl TokenFilter for RememberedStems {
    type Tokenizer<T: Tokenizer> = StemmedTokenizer<T>;

    fn transform<T: Tokenizer>(self, words: T) -> StemmedTokenizer<T> {
        StemmedTokenizer { words, stems: self }
    }
}

/// The words of another tokenizer, stemmed.
#[derive(Clone)]
pub(crate) struct StemmedTokenizer<T> {
    words: T,
    stems: RememberedStems,
}

impl<T: Tokenizer> Tokenizer for StemmedTokenizer<T> {
    type TokenStream<'a> = StemmedTokenStream<'a, T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        StemmedTokenStream { words: self.words.token_stream(text), stems: &mut self.stems }
    }
}

/// The stems of the words of one text.
pub(crate) struct StemmedTokenStream<'a, S> {
    words: S,
    stems: &'a mut RememberedStems,
}

impl<S: TokenStream> TokenStream for StemmedTokenStream<'_, S> {
    fn advance(&mut self) -> bool {
        let found = self.words.advance();
        if found {
            self.stems.stem(&mut self.words.token_mut().text);
        }
        found
    }

    fn token(&self) -> &Token {
        self.words.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.words.token_mut()
    }
}

#[cfg(test)]
mod tests {
    use tantivy::tokenizer::{TextAnalyzer, WhitespaceTokenizer};

    use super::*;

    fn stems(analyzer: &mut TextAnalyzer, text: &str) -> Vec<String> {
        let mut stream = analyzer.token_stream(text);
        let mut found = Vec::new();
        while stream.advance() {
            found.push(stream.token().text.clone());
        }
        found
    }

    #[test]
    fn q3_a_remembered_stem_is_the_stem_and_the_memory_is_bounded() {
        let words = WhitespaceTokenizer::default();
        let mut plain = TextAnalyzer::builder(words.clone()).filter(Stemmer::new(Language::English)).build();
        let mut stemmed = RememberedStems::new(Language::English).transform(words.clone());
        let mut remembered =
            TextAnalyzer::builder(words).filter(RememberedStems::new(Language::English)).build();
        let often = "relations relational running runs flies straße ١٢ querying queried";
        for _ in 0..3 {
            assert_eq!(stems(&mut remembered, often), stems(&mut plain, often));
        }
        for number in 0..2 * MAX_REMEMBERED {
            let text = format!("word{number}ing {often}");
            assert_eq!(stems(&mut remembered, &text), stems(&mut plain, &text));
            stemmed.token_stream(&text).process(&mut |_| {});
            assert!(stemmed.stems.stems.len() <= MAX_REMEMBERED);
        }
    }
}
