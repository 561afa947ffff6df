//! What a server needs to know before it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use fennel_engine::{Options, store};

use crate::{PythonOptions, SecretKey, ServerName, Token};

/// The default of [`Config::max_body`]: 64 MiB.
pub const DEFAULT_MAX_BODY: usize = 64 << 20;

/// Where a server listens, where it keeps its data, and who may use it.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on; port 0 takes a free one. Default `127.0.0.1:7425`.
    ///
    /// The server speaks plain HTTP. Beyond the own machine, put a proxy with TLS before it.
    pub listen: SocketAddr,
    /// The folder of the data, created when missing. One process uses it at a time. Default
    /// `fennel-data` in the working folder.
    pub data_dir: PathBuf,
    /// The name by which clients tell this server from others; one of the data folder's that differs is replaced.
    /// `None` keeps that one, and makes one at random for a folder that has none.
    pub name: Option<ServerName>,
    /// The admin token of a data folder that has none yet; `None` makes one at random. A folder
    /// that has one keeps it. It has at least 16 characters.
    pub first_admin_token: Option<Token>,
    /// A token that is valid as long as this server runs, beside those of the data folder, and
    /// is never stored. With it, no first admin token is made at random.
    pub process_token: Option<Token>,
    /// The key that secrets are encrypted with. Default none: then no secrets are kept.
    pub secret_key: Option<SecretKey>,
    /// How many bytes a request's body may have, inflated. Default [`DEFAULT_MAX_BODY`].
    pub max_body: usize,
    /// About how many bytes of memory all requests may take while they are worked on; beyond that, large ones
    /// get 503. Default 1 GiB.
    pub request_memory: usize,
    /// About how many bytes of memory rows may take that were asked for and may be asked for again; 0 for none. Default
    /// 256 MiB.
    pub row_cache: u64,
    /// How many connections there may be at once; others wait. Default 512.
    pub max_connections: usize,
    /// How long a connection may be idle or take to send the head of a request, before it is closed. Default
    /// 75 s, which is longer than proxies keep idle connections.
    pub head_timeout: Duration,
    /// How long a body may pause while it is sent. Default 30 s.
    pub body_timeout: Duration,
    /// Folders whose files offline queries may read, and write outputs to. Default none. Who may read data of a branch may
    /// use them, so they hold nothing else.
    pub offline_dirs: Vec<PathBuf>,
    /// Buckets of S3 that offline queries may use, as `bucket` or `bucket/prefix`. Default none.
    pub offline_buckets: Vec<String>,
    /// How many threads answer the rows of offline queries. Default 2.
    pub offline_workers: usize,
    /// How the engine works. [`python`](Config::python) tells who runs Python functions there.
    pub engine: Options,
    /// Which Python runs the functions of definitions, in processes of their own, and what each may take. Whoever may
    /// commit then runs code as the server's user. Default none: definitions with functions are refused.
    pub python: Option<PythonOptions>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7425)),
            data_dir: PathBuf::from("fennel-data"),
            name: None,
            first_admin_token: None,
            process_token: None,
            secret_key: None,
            max_body: DEFAULT_MAX_BODY,
            request_memory: 1 << 30,
            row_cache: store::Options::default().row_cache_bytes,
            max_connections: 512,
            head_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            offline_dirs: Vec::new(),
            offline_buckets: Vec::new(),
            offline_workers: 2,
            engine: Options::default(),
            python: None,
        }
    }
}
