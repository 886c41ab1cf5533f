//! What stands on top of a page: the fields of a form, and what else is drawn in annotations.
//!
//! It is drawn when the page is done, but read where it stands: an answer behind its question.

use hayro_interpret::kurbo::{Point, Rect, Vec2};

use super::form::Field;
use super::glyph::{Piece, Position};
use super::line::DrawnLine;
use super::reading_order::Directions;
use crate::text_builder::Gap;

/// The most lines of annotations of a page that are put in their places. What is beyond stands behind the page.
const MAX_PLACED: usize = 2_048;
/// How far the baseline of a line is below its middle, in sizes of its glyphs.
const BASELINE: f64 = 0.25;
/// How far the baseline of what is filled in may stand off that of its question, in the larger of their sizes.
const MAX_OFF_LINE: f64 = 0.5;
/// The distance of two lines of a paragraph, in sizes of their glyphs.
const MAX_LEADING: f64 = 1.8;
/// The direction of most writing.
const RIGHT: Vec2 = Vec2::new(1.0, 0.0);

/// The lines of a page, into which those of its annotations are put.
pub(super) struct Places<'a> {
    pub(super) lines: &'a mut Vec<DrawnLine>,
    pub(super) page: Directions,
    pub(super) run: u32,
}

impl Places<'_> {
    /// Puts in what the fields show, and then all else that is drawn in annotations.
    pub(super) fn fill(&mut self, fields: &[Field], mut annotations: Vec<DrawnLine>) {
        for field in fields {
            let drawn = take_within(&mut annotations, field.area);
            self.fill_field(field, &drawn);
        }
        for (number, line) in annotations.into_iter().enumerate() {
            let area = line.area();
            if number < MAX_PLACED && line.is_along(RIGHT) && !self.is_over_text(area) {
                let text = self.text(line);
                self.write(&text, area);
            } else {
                self.lines.push(line);
            }
        }
    }

    /// What is drawn in a field is what is seen; its value tells where the spaces of that are.
    fn fill_field(&mut self, field: &Field, drawn: &[DrawnLine]) {
        let texts: Vec<String> = drawn.iter().map(|line| self.text(line.clone())).collect();
        let is_value = squeezed(&texts.concat()) == squeezed(&field.value);
        match drawn.first() {
            None => self.write(&field.value, field.area),
            Some(first) if is_value => {
                // The question may stand beside its first line, or beside the middle of all, or above.
                let beside =
                    [first.area(), field.area].into_iter().find(|area| self.line_through(*area).is_some());
                self.write(&field.value, beside.unwrap_or_else(|| first.area()));
            }
            Some(_) => drawn.iter().zip(texts).for_each(|(line, text)| self.write(&text, line.area())),
        }
    }

    fn text(&self, line: DrawnLine) -> String {
        let directions = line.directions();
        line.into_line(directions, self.page).text
    }

    /// Puts text into an area of the page, unless it stands there: into the line that goes through it, or between lines.
    fn write(&mut self, text: &str, area: Rect) {
        let text = text.trim();
        if text.is_empty() || self.stands(text, area) {
            return;
        }
        let line = self.line_through(area);
        let beside = line.and_then(|(line, piece)| self.lines.get(line)?.pieces.get(piece)).cloned();
        let beside = beside.filter(|beside| beside.run != self.run || self.are_of_one_row(area, beside));
        let size = beside.as_ref().map_or_else(|| area.height().min(12.0), |piece| piece.position.size);
        // Of several lines the first counts.
        let of_own = || (area.center().y - BASELINE * size).max(area.y1 - size);
        let baseline = beside.as_ref().map_or_else(of_own, |piece| piece.position.from.y);
        let position = Position {
            from: Point::new(area.x0, baseline),
            to: Point::new(area.x1, baseline),
            direction: RIGHT,
            size,
        };
        // Spaces keep it from what stands beside it, however near.
        let piece = Piece { text: format!(" {text} "), position, run: self.run, guess: None };
        let line = line.filter(|_| beside.is_some());
        if let Some(line) = line.and_then(|(at, _)| self.lines.get_mut(at)) {
            let behind = line.pieces.iter().position(|other| other.position.from.x >= area.x0);
            line.pieces.insert(behind.unwrap_or(line.pieces.len()), piece);
        } else {
            let (at, gap) = self.place_between(area, size);
            if let Some(next) = self.lines.get_mut(at) {
                next.gap = next.gap.max(Gap::Line);
            }
            self.lines.insert(at, DrawnLine { gap, pieces: vec![piece] });
        }
    }

    /// Whether there are letters or digits under an area of the page.
    fn is_over_text(&self, area: Rect) -> bool {
        let mut pieces = self.lines.iter().flat_map(|line| &line.pieces);
        pieces.any(|piece| area.contains(piece.position.from) && piece.text.contains(char::is_alphanumeric))
    }

    /// Whether a text stands in an area of the page, whatever its spaces.
    fn stands(&self, text: &str, area: Rect) -> bool {
        let pieces = self.lines.iter().flat_map(|line| &line.pieces);
        let there = pieces.filter(|piece| area.contains(piece.position.from));
        let there: String = there.flat_map(|piece| piece.text.split_whitespace()).collect();
        !there.is_empty() && there.contains(&squeezed(text))
    }

    /// The line that goes through an area of the page, and which piece of it: of several, such as those of two columns,
    /// the nearest.
    fn line_through(&self, area: Rect) -> Option<(usize, usize)> {
        let middle = area.center().y;
        let distance = |piece: &Piece| {
            let at = piece.position;
            let off = (at.from.y + BASELINE * at.size - middle).abs();
            let is_through = at.direction.dot(RIGHT) > 0.9 && off < MAX_OFF_LINE * area.height().max(at.size);
            let beside = (area.x0 - at.to.x).max(at.from.x - area.x1).max(0.0);
            (is_through && !piece.is_blank()).then_some(beside + off)
        };
        self.nearest(distance).map(|(at, _)| at)
    }

    /// Whether what is put into an area goes on the line of what was put beside it: unless the page has a question right
    /// above it, on another line than that of the other.
    fn are_of_one_row(&self, area: Rect, beside: &Piece) -> bool {
        let question = |area: Rect| {
            let above = self.nearest(|piece| distance_above(piece, area).filter(|_| piece.run != self.run));
            above.map(|((line, _), distance)| (line, distance))
        };
        let above = question(area).filter(|(_, distance)| *distance < area.height());
        above.is_none_or(|(line, _)| question(beside.area()).is_some_and(|(other, _)| other == line))
    }

    /// The line and piece of the least distance, and that.
    fn nearest(&self, distance: impl Fn(&Piece) -> Option<f64>) -> Option<((usize, usize), f64)> {
        let pieces = self.lines.iter().enumerate().flat_map(|(number, line)| {
            line.pieces.iter().enumerate().map(move |(at, piece)| ((number, at), piece))
        });
        let pieces = pieces.filter_map(|(at, piece)| Some((at, distance(piece)?)));
        pieces.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// The place of a line of its own: behind the nearest that stands above it and what was put behind that from higher
    /// up, or else before the first that stands below.
    fn place_between(&self, area: Rect, size: f64) -> (usize, Gap) {
        if let Some(((at, _), distance)) = self.nearest(|piece| distance_above(piece, area)) {
            let is_near = distance < (MAX_LEADING - 1.0) * size;
            let is_before = |piece: &Piece| piece.run == self.run && piece.position.from.y > area.center().y;
            let behind = self.lines.iter().skip(at.saturating_add(1));
            let put_before = behind.take_while(|line| line.pieces.iter().all(is_before)).count();
            let gap = if is_near { Gap::Line } else { Gap::Paragraph };
            return (at.saturating_add(1).saturating_add(put_before), gap);
        }
        let is_below = |line: &DrawnLine| line.pieces.iter().all(|piece| piece.position.from.y < area.y0);
        let below = self.lines.iter().position(is_below).unwrap_or(self.lines.len());
        (below, Gap::Paragraph)
    }
}

/// How far a piece stands above an area.
fn distance_above(piece: &Piece, area: Rect) -> Option<f64> {
    let at = piece.position;
    let is_above = at.from.y >= area.y1 - BASELINE * at.size && at.from.x < area.x1 && at.to.x > area.x0;
    is_above.then_some(at.from.y - area.y1)
}

/// Takes what is drawn within an area out of lines.
fn take_within(lines: &mut Vec<DrawnLine>, area: Rect) -> Vec<DrawnLine> {
    let mut taken = Vec::new();
    for line in lines.iter_mut() {
        let pieces = std::mem::take(&mut line.pieces);
        let is_within = |piece: &Piece| area.contains(piece.position.from);
        let (within, rest): (Vec<Piece>, Vec<Piece>) = pieces.into_iter().partition(is_within);
        line.pieces = rest;
        if !within.iter().all(Piece::is_blank) {
            taken.push(DrawnLine { gap: line.gap, pieces: within });
        }
    }
    lines.retain(|line| !line.is_blank());
    taken
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

impl DrawnLine {
    /// Whether it is written in this direction.
    fn is_along(&self, direction: Vec2) -> bool {
        self.pieces.iter().all(|piece| piece.position.direction.dot(direction) > 0.9)
    }

    /// The area that it takes.
    fn area(&self) -> Rect {
        let areas = self.pieces.iter().filter(|piece| !piece.is_blank()).map(Piece::area);
        areas.reduce(|a, b| a.union(b)).unwrap_or_default()
    }
}

impl Piece {
    /// The area that it takes.
    fn area(&self) -> Rect {
        let at = self.position;
        let feet = Vec2::new(0.0, -BASELINE * at.size);
        let head = Vec2::new(0.0, (1.0 - BASELINE) * at.size);
        Rect::from_points(at.from + feet, at.to + head)
    }
}
