//! The window itself: it shows our screens and nothing else.

use tauri::webview::NewWindowResponse;
use tauri::{App, Url, WebviewWindowBuilder};

/// Opens the window described in `tauri.conf.json`. It never leaves the embedded screens.
pub(crate) fn open(app: &App) -> tauri::Result<()> {
    let config = app.config().app.windows.first().expect("tauri.conf.json describes the till's window");
    WebviewWindowBuilder::from_config(app.handle(), config)?
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    Ok(())
}

/// Our own pages, as each platform spells them.
fn is_ours(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => true,
        "http" | "https" => url.host_str() == Some("tauri.localhost"),
        // Only without embedded screens: the development server named in tauri.conf.json.
        _ => false,
    }
}
