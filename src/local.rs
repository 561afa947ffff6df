//! A server inside `sync`, for a developer's own machine.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use fennel_server::{Config, Server, Token, chain};
use fennel_sync::{EmbeddedServer, Running};
use tokio::sync::oneshot;

inventory::submit! { EmbeddedServer { start } }

/// Starts a server on a free port of this machine, with its data in `folder`. Its token is valid
/// for this process alone and is never stored. Who has it may use the files around that folder as well, so offline queries may.
fn start(folder: &Path) -> Result<Running, String> {
    let whole = std::path::absolute(folder)
        .map_err(|error| format!("`{}` can't be found: {error}", folder.display()))?;
    let token = Token::generate().map_err(|error| chain(&error))?;
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        data_dir: folder.into(),
        process_token: Some(token.clone()),
        offline_dirs: whole.parent().map(Path::to_owned).into_iter().collect(),
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| format!("can't start a thread for the embedded server: {error}"))?;
    let server = runtime
        .block_on(Server::bind(config))
        .map_err(|error| chain(&error))?;
    let url = format!("http://{}", server.address());
    let (stop, stopped) = oneshot::channel::<()>();
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let until = async {
            // Dropping the sender stops the server too.
            let _ = stopped.await;
        };
        runtime.block_on(server.serve(until));
        // Whatever still holds the folder goes with the runtime's last task.
        drop(runtime);
        let _ = done.send(());
    });
    Ok(Running {
        url,
        token: token.reveal().to_owned(),
        stop: Box::new(move || {
            let _ = stop.send(());
            let _ = finished.recv();
        }),
    })
}
