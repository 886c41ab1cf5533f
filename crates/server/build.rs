//! The build script: it unpacks the files of the page for browsing the API from the archive they come in.

use std::borrow::Cow;
use std::error::Error;
use std::fs::File;
use std::io::{Cursor, copy};
use std::path::PathBuf;

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

/// What the page needs of Swagger UI, and what it is called here.
const FILES: &[(&str, &str)] =
    &[("dist/swagger-ui.css", "swagger-ui.css"), ("dist/swagger-ui-bundle.js", "swagger-ui.js")];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut archive = zip::ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for (path, name) in FILES {
        let inside = archive
            .file_names()
            .flatten()
            .find(|file| file.ends_with(&format!("/{path}")))
            .map(Cow::into_owned);
        let inside = inside.ok_or_else(|| format!("the archive of Swagger UI holds no {path}"))?;
        copy(&mut archive.by_name(&inside)?, &mut File::create(folder.join(name))?)?;
    }
    Ok(())
}
