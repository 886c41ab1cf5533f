//! The lines of a receipt.

use syft_space_domain::audit::{AnswerReceipt, LogName};

use crate::statement::{Lines, Statement, hash};

impl Statement for AnswerReceipt {
    const NAME: &'static str = "receipt";
    const FIRST_LINE: &'static str = "syft-space receipt v1";

    fn log(&self) -> &LogName {
        &self.log
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let Self { log, seq, leaf, time, request, outcome, endpoint, correlation, question, status, answer } =
            self;
        let lines = [
            Some(("log", log.to_string())),
            Some(("number", seq.to_string())),
            Some(("leaf", hex::encode(leaf))),
            Some(("time", time.to_string())),
            Some(("request", request.to_string())),
            Some(("outcome", outcome.to_string())),
            endpoint.clone().map(|endpoint| ("endpoint", endpoint)),
            correlation.clone().map(|id| ("correlation", id)),
            question.map(|digest| ("question", hex::encode(digest))),
            Some(("status", status.to_string())),
            Some(("answer", hex::encode(answer))),
        ];
        lines.into_iter().flatten().collect()
    }

    fn read(lines: &mut Lines<'_>) -> Option<Self> {
        Some(Self {
            log: LogName::from_checkpoint(lines.value("log")?.to_owned()),
            seq: lines.parsed("number")?,
            leaf: lines.hash("leaf")?,
            time: lines.parsed("time")?,
            request: lines.parsed("request")?,
            outcome: lines.parsed("outcome")?,
            endpoint: lines.value("endpoint").map(str::to_owned),
            correlation: lines.value("correlation").map(str::to_owned),
            question: match lines.value("question") {
                None => None,
                Some(text) => Some(hash(text)?),
            },
            status: lines.parsed("status")?,
            answer: lines.hash("answer")?,
        })
    }
}
