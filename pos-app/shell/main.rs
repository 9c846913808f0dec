//! The till's window. Decodes what the screens ask, lets `pos-app` do it, encodes what it answers; decides nothing.

mod camera;
mod command;
mod drawing;
mod opening;
mod window;

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use tauri::{Manager, RunEvent};
use tracing_subscriber::EnvFilter;

use drawing::Drawing;
use opening::Opening;

/// Barra, the till with its window.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The till's data directory: its ledger, its key, its `till.toml`. The user's data directory when absent.
    #[arg(long, value_name = "DIR", env = "BARRA_TILL_DATA")]
    data: Option<PathBuf>,

    /// What to draw the window with (Linux).
    #[arg(long, value_enum, default_value_t = Drawing::Auto, env = "BARRA_DRAWING")]
    drawing: Drawing,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(std::io::stderr)
        .init();
    // Refused only when one is installed already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let opening = Opening::default();
    let app = tauri::Builder::default()
        .manage(opening.clone())
        .invoke_handler(tauri::generate_handler![command::command])
        .setup(move |app| {
            let data = match arguments.data {
                Some(dir) => dir,
                None => app.path().app_data_dir()?,
            };
            // The ledger opens while the window draws its first picture; commands wait for it.
            opening.begin(data, app.handle().clone())?;
            window::open(app, arguments.drawing)?;
            Ok(())
        })
        .build(context())
        .context("the window cannot be opened")?;
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            app.state::<Opening>().close();
        }
    });
    Ok(())
}

/// Configuration, permissions and screens, as the build script embedded them.
#[expect(clippy::pedantic, reason = "written by tauri-build")]
fn context() -> tauri::Context {
    tauri::tauri_build_context!()
}
