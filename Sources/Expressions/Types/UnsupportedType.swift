/// Types of .NET that no expression may use, for a message that says so instead of one that does not know them.
///
/// The message is the service's (reference `expressions.md` §6). What is not listed here is refused too, as a name that
/// does not exist.
enum UnsupportedType {
  /// `Usage of type 'System.IO.File' is not supported within expressions`; nil when the names stand for nothing known.
  static func message(_ names: [String]) -> String? {
    fullName(names).map { message(ofFullName: $0) }
  }

  static func message(ofFullName name: String) -> String {
    "Usage of type '\(name)' is not supported within expressions"
  }

  private static func fullName(_ names: [String]) -> String? {
    guard let last = names.last, let space = spaces[last] else { return nil }
    let full = space + "." + last
    return names.count == 1 || names.joined(separator: ".") == full ? full : nil
  }

  private static let spaces: [String: String] = {
    var result: [String: String] = [:]
    for (space, types) in known {
      for type in types.split(separator: " ") { result[String(type)] = space }
    }
    return result
  }()

  private static let known = [
    "System": "Activator AppDomain Console GC Lazy OperatingSystem Progress WeakReference",
    "System.Collections.Concurrent": "BlockingCollection ConcurrentBag ConcurrentDictionary ConcurrentQueue",
    "System.Data": "DataRow DataSet DataTable",
    "System.Data.SqlClient": "SqlCommand SqlConnection",
    "System.Diagnostics": "Debug EventLog Process StackTrace Stopwatch Trace",
    "System.Dynamic": "DynamicObject ExpandoObject",
    "System.IO":
      "BinaryReader BinaryWriter Directory DirectoryInfo File "
      + "FileInfo FileStream Path Stream StreamReader StreamWriter",
    "System.IO.Compression": "DeflateStream GZipStream ZipArchive",
    "System.Linq.Expressions": "Expression",
    "System.Net":
      "Cookie Dns HttpWebRequest HttpWebResponse "
      + "NetworkCredential ServicePointManager WebClient WebRequest",
    "System.Net.Http": "HttpClient HttpContent HttpRequestMessage HttpResponseMessage StringContent",
    "System.Net.Mail": "MailMessage SmtpClient",
    "System.Net.Sockets": "Socket TcpClient UdpClient",
    "System.Reflection": "Assembly BindingFlags FieldInfo MethodInfo PropertyInfo",
    "System.Runtime.InteropServices": "GCHandle Marshal",
    "System.Runtime.Serialization.Json": "DataContractJsonSerializer",
    "System.Security.Principal": "WindowsIdentity",
    "System.Text.Json": "JsonDocument JsonElement JsonSerializer",
    "System.Threading":
      "CancellationTokenSource Interlocked Monitor Mutex "
      + "Semaphore SemaphoreSlim Thread ThreadPool Timer",
    "System.Threading.Tasks": "Parallel Task",
    "System.Xml": "XmlDocument XmlElement XmlNode XmlNodeList",
    "System.Xml.Serialization": "XmlSerializer",
    "System.Xml.XPath": "XPathDocument XPathNavigator",
    "System.Xml.Xsl": "XslCompiledTransform",
  ]
}
