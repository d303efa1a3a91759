//! `cargo index`: updates the tables of the READMEs. A new row goes to the end of the table whose
//! names are most like its own; move it to where a reader would look for it.

use checks::example::{PACKAGES, Package, workspace};
use checks::index;

fn main() -> anyhow::Result<()> {
    for name in PACKAGES {
        let package = Package::load(&workspace().join(name))?;
        let changed = index::write(&package.dir.join("README.md"), &index::tables(&package))?;
        println!(
            "{name}/README.md: {}",
            if changed { "updated" } else { "fine" }
        );
    }
    Ok(())
}
