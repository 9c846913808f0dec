//! The window itself: it shows our screens and nothing else.

use tauri::webview::NewWindowResponse;
use tauri::{App, LogicalSize, Url, WebviewWindowBuilder};

use crate::camera;
use crate::drawing::Drawing;

/// Opens the window described in `tauri.conf.json`, no larger than the screen. It never leaves the embedded screens.
pub(crate) fn open(app: &App, drawing: Drawing) -> tauri::Result<()> {
    let config = app.config().app.windows.first().expect("tauri.conf.json describes the till's window");
    let mut size = LogicalSize::new(config.width, config.height);
    if let Some(screen) = app.primary_monitor()? {
        let room = screen.size().to_logical::<f64>(screen.scale_factor());
        size = LogicalSize::new(size.width.min(room.width), size.height.min(room.height));
    }
    let window = WebviewWindowBuilder::from_config(app.handle(), config)?
        .inner_size(size.width, size.height)
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_permission_request(|_, kind| camera::allow(kind))
        .build()?;
    camera::enable(&window)?;
    drawing.apply(&window)
}

/// Our own pages, as each platform spells them.
fn is_ours(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => true,
        "http" | "https" => url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}
