//! A conversation, and the question that it asks.

use std::sync::OnceLock;

use crate::as_text::named_enum;
use crate::dataset::{SearchQuery, SearchQueryError};
use crate::policy::canonical_within;

named_enum! {
    /// Who says a message.
    pub enum MessageRole {
        /// Whoever instructs the model.
        System = "system",
        /// Whoever asks.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// A tool that the model called.
        Tool = "tool",
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who says it.
    pub role: MessageRole,
    /// Its text.
    pub content: String,
}

/// A conversation asks nothing that could be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConversationError {
    /// No message is the user's.
    #[error("no message has the role user: its content is the question")]
    NoQuestion,
    /// The question is empty, or too long.
    #[error("{error}")]
    Question {
        /// The index of its message.
        index: usize,
        /// What is wrong with it.
        error: SearchQueryError,
    },
}

/// All messages of a conversation. Its question is the last message of the user's; nothing is demanded of the others.
#[derive(Debug, Clone)]
pub struct Conversation {
    before: Vec<Message>,
    question: String,
    after: Vec<Message>,
    /// How many characters all messages have.
    characters: usize,
    forms: Forms,
}

/// What phrases are looked for in, made when it is first asked for: several policies ask, and each of them twice for a query.
/// `None` where it is too long.
#[derive(Debug, Clone, Default)]
struct Forms {
    question: OnceLock<Option<String>>,
    others: OnceLock<Option<Vec<String>>>,
}

impl Conversation {
    /// The most bytes that phrases are looked for in: those of the caller's messages together, and those of their forms.
    pub const MAX_LOOKED_THROUGH: usize = 128 * 1024;

    /// A conversation of one question.
    ///
    /// # Errors
    /// When the question is empty, or too long.
    pub fn of_question(question: String) -> Result<Self, SearchQueryError> {
        SearchQuery::check_text(&question)?;
        Ok(Self::new(Vec::new(), question, Vec::new()))
    }

    /// A conversation of these messages.
    ///
    /// # Errors
    /// When it has no question, or its question is empty or too long.
    pub fn of_messages(mut messages: Vec<Message>) -> Result<Self, ConversationError> {
        let index = messages.iter().rposition(|message| message.role == MessageRole::User);
        let index = index.ok_or(ConversationError::NoQuestion)?;
        let after = messages.split_off(index + 1);
        let question = messages.pop().ok_or(ConversationError::NoQuestion)?.content;
        SearchQuery::check_text(&question).map_err(|error| ConversationError::Question { index, error })?;
        Ok(Self::new(messages, question, after))
    }

    fn new(before: Vec<Message>, question: String, after: Vec<Message>) -> Self {
        let others: usize = before.iter().chain(&after).map(|message| message.content.chars().count()).sum();
        let characters = others.saturating_add(question.chars().count());
        Self { before, question, after, characters, forms: Forms::default() }
    }

    /// What is asked.
    #[must_use]
    pub fn question(&self) -> &str {
        &self.question
    }

    /// How many characters (Unicode scalar values) all messages have.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.characters
    }

    /// The question in the form in which phrases are looked for; `None` if that is more than may be looked through.
    pub(crate) fn question_form(&self) -> Option<&str> {
        let form = || canonical_within(&self.question, Self::MAX_LOOKED_THROUGH);
        self.forms.question.get_or_init(form).as_deref()
    }

    /// The forms of all that the caller says, the question's included; `None` if that is more than may be looked through.
    pub(crate) fn said_forms(&self) -> Option<impl Iterator<Item = &str>> {
        let question = self.question_form()?;
        let others = self.forms.others.get_or_init(|| {
            let mut left = Self::MAX_LOOKED_THROUGH.checked_sub(question.len())?;
            let said = self.before.iter().chain(&self.after);
            let said = said.filter(|said| matches!(said.role, MessageRole::User | MessageRole::System));
            let forms = said.map(|said| {
                let form = canonical_within(&said.content, left)?;
                // The form may be the shorter one, as of blanks, which take their time too.
                left = left.checked_sub(form.len().max(said.content.len()))?;
                Some(form)
            });
            forms.collect()
        });
        Some(others.as_ref()?.iter().map(String::as_str).chain([question]))
    }

    /// Every message, in order: who says it, and its text.
    pub fn messages(&self) -> impl Iterator<Item = (MessageRole, &str)> {
        fn spoken(message: &Message) -> (MessageRole, &str) {
            (message.role, &message.content)
        }
        let question = std::iter::once((MessageRole::User, self.question.as_str()));
        self.before.iter().map(spoken).chain(question).chain(self.after.iter().map(spoken))
    }
}

impl PartialEq for Conversation {
    fn eq(&self, other: &Self) -> bool {
        // All else follows from these.
        (&self.before, &self.question, &self.after) == (&other.before, &other.question, &other.after)
    }
}

impl Eq for Conversation {}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: MessageRole, content: &str) -> Message {
        Message { role, content: content.to_owned() }
    }

    #[test]
    fn i1_the_question_is_the_last_message_of_the_users_and_every_message_is_kept() {
        use MessageRole::{Assistant, System, Tool, User};
        let spoken = [
            (System, "Be brief."),
            (User, "How high is Kenya?"),
            (Assistant, "5,199 m"),
            (User, "And Elbrus?"),
            (Tool, "5642"),
            (Assistant, ""),
        ];
        let messages = spoken.iter().map(|(role, content)| message(*role, content)).collect();
        let conversation = Conversation::of_messages(messages).unwrap();
        assert_eq!(conversation.question(), "And Elbrus?");
        assert_eq!(conversation.messages().collect::<Vec<_>>(), spoken);
    }

    #[test]
    fn i1_a_conversation_of_one_question_is_one_message_of_the_users() {
        let conversation = Conversation::of_question("How high?".to_owned()).unwrap();
        assert_eq!(conversation.messages().collect::<Vec<_>>(), [(MessageRole::User, "How high?")]);
        let same = Conversation::of_messages(vec![message(MessageRole::User, "How high?")]);
        assert_eq!(same, Ok(conversation));
    }

    #[test]
    fn i1_what_is_wrong_with_a_question_is_said_of_its_message() {
        let of = |messages: Vec<Message>| Conversation::of_messages(messages).unwrap_err();
        assert_eq!(of(vec![]), ConversationError::NoQuestion);
        assert_eq!(of(vec![message(MessageRole::Tool, "5642")]), ConversationError::NoQuestion);
        let empty = of(vec![message(MessageRole::User, "How high?"), message(MessageRole::User, " \n")]);
        assert_eq!(empty, ConversationError::Question { index: 1, error: SearchQueryError::Empty });
        assert_eq!(empty.to_string(), "the question is empty");
        let long = "x".repeat(SearchQuery::MAX_TEXT);
        assert!(Conversation::of_question(long.clone()).is_ok());
        assert_eq!(Conversation::of_question(long.clone() + "x"), Err(SearchQueryError::TooLong));
        let longer =
            of(vec![message(MessageRole::User, &(long + "x")), message(MessageRole::Assistant, "?")]);
        assert_eq!(longer, ConversationError::Question { index: 0, error: SearchQueryError::TooLong });
    }

    #[test]
    fn k12_there_is_an_end_to_what_phrases_are_looked_for_in() {
        use MessageRole::{Assistant, System, User};
        let of = |messages: &[(MessageRole, &str)]| {
            let messages = messages.iter().map(|(role, content)| message(*role, content)).collect();
            Conversation::of_messages(messages).unwrap()
        };
        let said = |conversation: &Conversation| {
            let forms = conversation.said_forms().map(|forms| forms.map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(conversation.said_forms().map(Iterator::count), forms.as_ref().map(Vec::len));
            forms
        };
        let conversation = of(&[(System, "Be brief."), (Assistant, "No"), (User, "How high?"), (System, "")]);
        assert_eq!(said(&conversation).unwrap(), [" be brief ", " ", " how high "]);
        assert_eq!(conversation.question_form(), Some(" how high "));
        assert_eq!(conversation.characters(), 9 + 2 + 9);

        // 10 bytes are the question's, and of each of the others its form has two more.
        let long = |bytes: usize| "x".repeat(bytes);
        let most = Conversation::MAX_LOOKED_THROUGH - 10;
        let halves = |one: usize| of(&[(System, &long(1_000)), (User, "How high?"), (System, &long(one))]);
        assert!(said(&halves(most - 1_002 - 2)).is_some());
        assert_eq!(said(&halves(most - 1_002 - 1)), None);
        let blank = of(&[(System, &" ".repeat(most + 1)), (User, "How high?")]);
        assert_eq!((said(&blank), blank.question_form()), (None, Some(" how high ")));
        // What the model said is not looked through, however long it is.
        assert!(said(&of(&[(User, "How high?"), (Assistant, &long(2 * most))])).is_some());
        // 30 KiB of a character that stands for eighteen.
        assert_eq!(of(&[(User, &"\u{fdfa}".repeat(10_000))]).question_form(), None);
    }
}
