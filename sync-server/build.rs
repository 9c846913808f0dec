//! Makes sure the console's folder exists, so that the server builds before anyone has built the console.

use std::path::Path;

const PLACEHOLDER: &str = "<!doctype html>\n<html lang=\"es\">\n<meta charset=\"utf-8\">\n<title>Barra</title>\n\
<p>La consola no está construida. The console has not been built: run <code>npm ci &amp;&amp; npm run build</code> in \
sync-server/console, then build the server again.</p>\n</html>\n";

fn main() -> std::io::Result<()> {
    let dist = Path::new("console/dist");
    if !dist.join("index.html").exists() {
        std::fs::create_dir_all(dist)?;
        std::fs::write(dist.join("index.html"), PLACEHOLDER)?;
    }
    println!("cargo:rerun-if-changed=console/dist");
    println!("cargo:rerun-if-changed=../migrations/server");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
