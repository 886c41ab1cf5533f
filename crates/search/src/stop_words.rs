//! The English stop words.

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
