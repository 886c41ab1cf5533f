//! A conversation, and the question that it asks.

use crate::as_text::named_enum;
use crate::dataset::{SearchQuery, SearchQueryError};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    before: Vec<Message>,
    question: String,
    after: Vec<Message>,
}

impl Conversation {
    /// A conversation of one question.
    ///
    /// # Errors
    /// When the question is empty, or too long.
    pub fn of_question(question: String) -> Result<Self, SearchQueryError> {
        SearchQuery::check_text(&question)?;
        Ok(Self { before: Vec::new(), question, after: Vec::new() })
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
        Ok(Self { before: messages, question, after })
    }

    /// What is asked.
    #[must_use]
    pub fn question(&self) -> &str {
        &self.question
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
}
