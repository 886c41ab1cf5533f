//! The English stop words, and the question words of other languages.

use syft_space_domain::dataset::StopWords;

/// Articles, pronouns, auxiliaries, question words, prepositions and conjunctions, in lower case, and what is left
/// of contractions once they are cut at the apostrophe.
pub(crate) const ENGLISH: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "aren", "as", "at", "be", "because", "been", "being",
    "but", "by", "can", "cannot", "could", "couldn", "did", "didn", "do", "does", "doesn", "doing", "don",
    "for", "from", "had", "hadn", "has", "hasn", "have", "haven", "having", "he", "her", "hers", "him",
    "his", "how", "i", "if", "in", "into", "is", "isn", "it", "its", "ll", "may", "me", "might", "mine",
    "must", "my", "of", "on", "or", "our", "ours", "re", "s", "shall", "she", "should", "shouldn", "so",
    "such", "t", "than", "that", "the", "their", "theirs", "them", "then", "there", "these", "they", "this",
    "those", "to", "too", "us", "ve", "was", "wasn", "we", "were", "weren", "what", "when", "where", "which",
    "while", "who", "whom", "whose", "why", "will", "with", "would", "wouldn", "you", "your", "yours",
];

/// Words that count like any other, but of which alone a question cannot consist ("to be or not to be").
pub(crate) const ENGLISH_NEGATIONS: &[&str] = &["no", "nor", "not"];

/// The stop words that are names of persons or works too. With a capital letter others ("The", "Sie") are mostly none.
pub(crate) const fn names(words: StopWords) -> &'static [&'static str] {
    match words {
        StopWords::English => &["can", "don", "her", "it", "may", "such", "them", "us", "who", "will"],
        StopWords::German => &["anders", "weil", "will"],
        _ => &[],
    }
}

/// The question words of a language whose list of stop words is tantivy's, which was made for documents: "wer" or
/// "pourquoi" are in hardly any, and would count as unknown in every question.
pub(crate) fn question_words(words: StopWords) -> &'static [&'static str] {
    match words {
        StopWords::None | StopWords::English => &[],
        StopWords::Danish => {
            &["hvem", "hvad", "hvornår", "hvor", "hvorfor", "hvordan", "hvilken", "hvilket", "hvilke", "hvis"]
        }
        StopWords::Dutch => &[
            "wie", "wat", "wanneer", "waar", "waarom", "hoe", "hoeveel", "welk", "welke", "waarmee", "wiens",
        ],
        StopWords::Finnish => &[
            "kuka", "ketkä", "mikä", "mitä", "milloin", "missä", "mistä", "mihin", "miksi", "miten",
            "kuinka", "paljonko", "onko", "voiko",
        ],
        StopWords::French => &[
            "qui",
            "que",
            "quoi",
            "quand",
            "comment",
            "pourquoi",
            "où",
            "combien",
            "quel",
            "quelle",
            "quels",
            "quelles",
            "lequel",
            "laquelle",
            "lesquels",
            "lesquelles",
        ],
        StopWords::German => &[
            "wer", "wen", "wem", "wessen", "was", "wann", "warum", "weshalb", "wieso", "wie", "wieviel",
            "wo", "woher", "wohin", "womit", "wofür", "wozu", "welche", "welcher", "welches",
        ],
        StopWords::Hungarian => &[
            "ki", "kik", "kit", "kinek", "mi", "mit", "mikor", "hol", "hova", "hová", "honnan", "miért",
            "hogyan", "hogy", "melyik", "mennyi", "hány",
        ],
        StopWords::Italian => &[
            "chi", "che", "cosa", "quando", "come", "perché", "dove", "quale", "quali", "quanto", "quanta",
            "quanti", "quante",
        ],
        StopWords::Norwegian => {
            &["hvem", "hva", "når", "hvor", "hvorfor", "hvordan", "hvilken", "hvilket", "hvilke", "hvis"]
        }
        StopWords::Portuguese => &[
            "quem", "que", "quê", "quando", "como", "porque", "porquê", "onde", "aonde", "qual", "quais",
            "quanto", "quanta", "quantos", "quantas",
        ],
        StopWords::Russian => &[
            "кто",
            "кого",
            "кому",
            "что",
            "чего",
            "когда",
            "где",
            "куда",
            "откуда",
            "почему",
            "зачем",
            "как",
            "какой",
            "какая",
            "какое",
            "какие",
            "который",
            "которая",
            "сколько",
            "чей",
            "чья",
            "чьё",
            "ли",
        ],
        StopWords::Spanish => &[
            "qué", "quién", "quiénes", "cuándo", "cómo", "dónde", "adónde", "cuál", "cuáles", "cuánto",
            "cuánta", "cuántos", "cuántas",
        ],
        StopWords::Swedish => {
            &["vem", "vems", "vad", "när", "var", "varför", "hur", "vilken", "vilket", "vilka"]
        }
    }
}
