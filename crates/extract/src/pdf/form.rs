//! What was filled into the fields of a form.
//!
//! A field has a value, and mostly a drawing of it. A program that fills in a form may leave the drawing to the viewer,
//! and a box is ticked by lines that are no text: so what such fields show is told by their values.

use hayro_interpret::RectExt;
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{self, Array, Dict, Name, Object};
use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::kurbo::Rect;

use syft_space_domain::dataset::NewDocument;

use super::text_string;

/// A field of a form, on a page.
pub(super) struct Field {
    pub(super) area: Rect,
    /// What it shows, or would if it were drawn.
    pub(super) value: String,
    /// It shows what is drawn in it.
    pub(super) is_drawn: bool,
}

/// The flags of an annotation that is not shown: hidden, and not on a screen.
const UNSHOWN: u32 = 1 << 1 | 1 << 5;
/// The flag of a text field whose value is a password.
const PASSWORD: u32 = 1 << 13;
/// The flag of a button that has no value.
const PUSH_BUTTON: u32 = 1 << 16;
/// The most fields of a page, and the most steps from one to those that it has its properties of.
const MAX_FIELDS: usize = 2_048;
const MAX_PARENTS: usize = 8;

/// Whether a viewer is to draw the values of all fields itself.
pub(super) fn leaves_drawing_to_viewer(pdf: &Pdf) -> bool {
    let form = catalogue(pdf).and_then(|catalogue| catalogue.get::<Dict<'_>>(b"AcroForm"));
    form.and_then(|form| form.get::<bool>(b"NeedAppearances")).unwrap_or(false)
}

/// The catalogue of a document.
pub(super) fn catalogue(pdf: &Pdf) -> Option<Dict<'_>> {
    pdf.xref().get::<Dict<'_>>(pdf.xref().root_id())
}

/// The fields of a page that have a value.
pub(super) fn fields(page: &Page<'_>, undrawn: bool) -> Vec<Field> {
    let Some(annotations) = page.raw().get::<Array<'_>>(b"Annots") else { return Vec::new() };
    let annotations = annotations.iter::<Dict<'_>>().take(MAX_FIELDS);
    let mut fields = Vec::new();
    let mut bytes = 0_usize;
    for field in annotations.filter_map(|widget| field(&widget, undrawn)) {
        // Many may have one value. With the field that is one too many there is more text than a document may have.
        bytes = bytes.saturating_add(field.value.len());
        fields.push(field);
        if bytes > NewDocument::MAX_BYTES {
            break;
        }
    }
    fields
}

fn field(widget: &Dict<'_>, undrawn: bool) -> Option<Field> {
    let is_widget = widget.get::<Name<'_>>(b"Subtype").is_some_and(|subtype| &*subtype == b"Widget");
    if !is_widget || widget.get::<u32>(b"F").unwrap_or(0) & UNSHOWN != 0 {
        return None;
    }
    let area = widget.get::<object::Rect>(b"Rect")?.to_kurbo().abs();
    let flags = inherited::<u32>(widget, b"Ff").unwrap_or(0);
    let drawing = widget.get::<Dict<'_>>(b"AP").and_then(|drawings| drawings.get::<Object<'_>>(b"N"));
    let mut is_drawn = drawing.is_some() && !undrawn;
    let value = match &*inherited::<Name<'_>>(widget, b"FT")? {
        b"Tx" if flags & PASSWORD == 0 => values(&inherited(widget, b"V")?).join(" "),
        b"Ch" => {
            let options = inherited::<Array<'_>>(widget, b"Opt");
            let chosen = values(&inherited(widget, b"V")?);
            let shown: Vec<String> =
                chosen.into_iter().map(|value| shown_option(options.as_ref(), value)).collect();
            // Of a list all is drawn, and what is chosen has another colour.
            is_drawn &= shown.is_empty();
            shown.join(", ")
        }
        b"Btn" if flags & PUSH_BUTTON == 0 => {
            is_drawn = false;
            let state = widget.get::<Name<'_>>(b"AS").or_else(|| inherited::<Name<'_>>(widget, b"V"));
            if state.is_some_and(|state| &*state != b"Off") { "☒".to_owned() } else { "☐".to_owned() }
        }
        _ => return None,
    };
    Some(Field { area, value: value.replace(['\r', '\n'], " "), is_drawn })
}

/// A property of a field: its own, or that of those it is part of.
fn inherited<'a, T>(widget: &Dict<'a>, key: &[u8]) -> Option<T>
where
    T: TryFrom<Object<'a>>,
{
    let mut field = widget.clone();
    for _ in 0..MAX_PARENTS {
        if let Some(found) = field.get::<Object<'a>>(key) {
            return T::try_from(found).ok();
        }
        field = field.get::<Dict<'a>>(b"Parent")?;
    }
    None
}

/// The texts of a value: one, or some of a list.
fn values(value: &Object<'_>) -> Vec<String> {
    match value {
        Object::String(text) => vec![text_string::decode(text.as_bytes())],
        Object::Array(several) => {
            let texts = several.iter::<object::String<'_>>().take(MAX_FIELDS);
            texts.map(|text| text_string::decode(text.as_bytes())).collect()
        }
        Object::Stream(long) => {
            long.decoded_data().map(|text| text_string::decode(&text)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What a list shows for a value: options may have another name than their value.
fn shown_option(options: Option<&Array<'_>>, value: String) -> String {
    let pairs = options.into_iter().flat_map(|options| options.iter::<Object<'_>>().take(MAX_FIELDS));
    let mut shown = pairs.filter_map(|option| match values(&option).as_slice() {
        [known, shown] if *known == value => Some(shown.clone()),
        _ => None,
    });
    shown.next().unwrap_or(value)
}
