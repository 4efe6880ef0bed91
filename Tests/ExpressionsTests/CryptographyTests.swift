import Expressions
import Testing

/// Hashes, ciphers, keys and certificates in expressions. Expected values were made with openssl and Python's hashlib.
struct CryptographyTests {
  private func value(_ source: String, isStrict: Bool = true) throws -> String {
    let form: ExpressionForm = source.contains(";") ? .block : .expression
    let compiler = ExpressionCompiler(options: ExpressionOptions(strictAllowList: isStrict))
    let compilation = compiler.compile(source, form: form, target: .object)
    let program = try #require(compilation.program, "\(source): \(compilation.diagnostics)")
    return try program.evaluateString(BareContext())
  }

  private func failure(_ source: String) throws -> String {
    do {
      return try value(source)
    } catch let error as EvaluationError {
      return error.exceptionType
    }
  }

  @Test(arguments: [
    ("SHA256.Create().ComputeHash(new byte[] {97,98,99}, 1, 1)", "PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0="),
    (
      "HashAlgorithm.Create(\"SHA-384\").ComputeHash(new byte[0])",
      "OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"
    ),
    ("HMAC.Create(\"HMACMD5\").HashName.Length == 3 ? new byte[] {1} : null", "AQ=="),
    (
      "new HMACSHA512(new byte[] {1}).ComputeHash(new byte[] {2})",
      "67EWA6eJbxnsl6gxuyxodAfji+Uzhn55Ag7cc1ysptk4OkA/kRjWblb8VSzOuG4sT5N+9Az6YCVckuvoSXOtgg=="
    ),
  ])
  func `hashes are those of openssl`(source: String, expected: String) throws {
    #expect(try value("Convert.ToBase64String(\(source))") == expected)
  }

  @Test func `a hash of pieces is the hash of the whole`() throws {
    let source = """
      var hash = SHA1.Create();
      hash.TransformBlock(new byte[] {1, 2, 3}, 0, 2, null, 0);
      hash.TransformFinalBlock(new byte[] {3, 4}, 0, 2);
      return BitConverter.ToString(hash.Hash) == BitConverter.ToString(SHA1.Create().ComputeHash(new byte[] {1,2,3,4}));
      """
    #expect(try value(source) == "True")
    #expect(try value("SHA1.Create().Hash == null") == "True")
    let unfinished = "var hash = SHA1.Create(); hash.TransformBlock(new byte[] {1}, 0, 1, null, 0); return hash.Hash;"
    #expect(
      try failure(unfinished) == "System.Security.Cryptography.CryptographicUnexpectedOperationException")
  }

  // Ciphertexts by: openssl enc -aes-128-… -K 000102…0f -iv 00…0 of the bytes 01 02 03.
  @Test(arguments: [
    ("CBC", "PKCS7", CryptographyTests.cbc), ("ECB", "PKCS7", CryptographyTests.cbc), ("CBC", "ANSIX923", "same"),
    ("ECB", "ISO10126", "same"), ("CFB", "PKCS7", "same"), ("CFB", "None", "same"), ("CBC", "Zeros", "padded"),
  ])
  func `what a cipher encrypts it decrypts again`(mode: String, padding: String, expectation: String) throws {
    let source = """
      var cipher = SymmetricAlgorithm.Create("Aes");
      cipher.Key = Convert.FromBase64String("AAECAwQFBgcICQoLDA0ODw==");
      cipher.IV = new byte[16];
      cipher.Mode = CipherMode.\(mode);
      cipher.Padding = PaddingMode.\(padding);
      var encrypted = new byte[] {1, 2, 3}.Encrypt(cipher);
      return Convert.ToBase64String(encrypted) + " " + BitConverter.ToString(encrypted.Decrypt(cipher));
      """
    let parts = try value(source).split(separator: " ")
    #expect(parts[1] == (expectation == "padded" ? "01-02-03-00-00-00-00-00-00-00-00-00-00-00-00-00" : "01-02-03"))
    // With a zero vector the one block of CBC is that of ECB.
    if expectation == Self.cbc { #expect(parts[0] == Self.cbc) }
  }
  private static let cbc = "1eL/Zm/cETJuR3KTWProQA=="

  @Test func `a cipher refuses keys, vectors and modes AES does not have`() throws {
    let refused = "System.Security.Cryptography.CryptographicException"
    #expect(try failure("new byte[16].Encrypt(\"Aes\", new byte[15], new byte[16])") == refused)
    #expect(try failure("new byte[16].Encrypt(\"Aes\", new byte[16], new byte[8])") == refused)
    #expect(
      try failure("var a = SymmetricAlgorithm.Create(\"Aes\"); a.Mode = CipherMode.OFB; return a.KeySize;") == refused)
    #expect(try failure("new byte[15].Decrypt(\"Aes\", new byte[16], new byte[16])") == refused)
    #expect(try value("SymmetricAlgorithm.Create(\"Twofish\") == null") == "True")
  }

  @Test func `a key signs, verifies, encrypts and decrypts`() throws {
    let key =
      "var rsa = new X509Certificate2(Convert.FromBase64String(\"\(TestCertificate.archive)\"), \"secret\").GetRSAPrivateKey();"
    for padding in ["Pkcs1", "Pss"] {
      for hash in ["SHA1", "SHA256", "SHA384", "SHA512"] {
        let source = """
          \(key)
          var signature = rsa.SignData(new byte[] {1, 2}, HashAlgorithmName.\(hash), RSASignaturePadding.\(padding));
          var hash = HashAlgorithm.Create("\(hash)").ComputeHash(new byte[] {1, 2});
          return rsa.VerifyHash(hash, signature, HashAlgorithmName.\(hash), RSASignaturePadding.\(padding))
            && !rsa.VerifyData(new byte[] {1, 3}, signature, HashAlgorithmName.\(hash), RSASignaturePadding.\(padding));
          """
        #expect(try value(source) == "True", "\(padding) \(hash)")
      }
    }
    for padding in ["Pkcs1", "OaepSHA1", "OaepSHA256"] {
      let source = """
        \(key)
        var secret = rsa.Encrypt(new byte[] {7, 8}, RSAEncryptionPadding.\(padding));
        return BitConverter.ToString(rsa.Decrypt(secret, RSAEncryptionPadding.\(padding)));
        """
      #expect(try value(source) == "07-08", "\(padding)")
    }
  }

  @Test func `a key goes out as numbers or XML and comes back`() throws {
    let archive = "new X509Certificate2(Convert.FromBase64String(\"\(TestCertificate.archive)\"), \"secret\")"
    let source = """
      var rsa = \(archive).GetRSAPrivateKey();
      var copy = RSA.Create();
      copy.FromXmlString(rsa.ToXmlString(true));
      var other = RSA.Create(rsa.ExportParameters(true));
      var exported = rsa.ExportParameters(false);
      var half = RSA.Create(new RSAParameters { Modulus = exported.Modulus, Exponent = exported.Exponent });
      var signature = copy.SignData(new byte[] {1}, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
      return half.VerifyData(new byte[] {1}, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        && copy.ToXmlString(true) == other.ToXmlString(true) && half.KeySize == 2048;
      """
    #expect(try value(source, isStrict: false) == "True")
    #expect(
      try failure(
        "new X509Certificate2(Convert.FromBase64String(\"\(TestCertificate.der)\")).GetRSAPublicKey().ToXmlString(true)"
      )
        == "System.Security.Cryptography.CryptographicException")
  }

  @Test(arguments: [
    ("Subject", "CN=device 7, OU=\"A+B\", O=\"Contoso, Inc.\", S=Berlin, C=DE"),
    ("Issuer == c.Subject", "True"), ("SubjectName.Name == c.Subject", "True"),
    ("GetNameInfo(X509NameType.SimpleName, false)", "device 7"),
    ("GetNameInfo(X509NameType.DnsName, false)", "device7.contoso.com"),
    ("GetNameInfo(X509NameType.EmailName, false)", "d7@contoso.com"),
    ("GetNameInfo(X509NameType.UrlName, true)", ""), ("Thumbprint", TestCertificate.thumbprint),
    ("GetCertHashString()", TestCertificate.thumbprint), ("SerialNumber", TestCertificate.serialNumber),
    ("GetSerialNumber()[0].ToString(\"X2\")", String(TestCertificate.serialNumber.suffix(2))),
    ("Version", "3"), ("SignatureAlgorithm.FriendlyName", "sha256RSA"), ("PublicKey.Oid.Value", "1.2.840.113549.1.1.1"),
    ("PublicKey.Key.KeySize", "2048"), ("HasPrivateKey", "False"), ("GetRSAPrivateKey() == null", "True"),
    ("NotAfter > c.NotBefore.AddYears(9)", "True"), ("GetKeyAlgorithmParametersString()", "0500"),
    ("VerifyNoRevocation()", "False"), ("Verify()", "False"),
    ("ToString().StartsWith(\"[Subject]\\r\\n  CN=device 7\")", "True"),
    ("ToString(true).Contains(\"Simple Name: device 7\")", "True"),
  ])
  func `a certificate shows what is in it`(member: String, expected: String) throws {
    let source =
      "var c = new X509Certificate2(Convert.FromBase64String(\"\(TestCertificate.der)\")); return c.\(member);"
    #expect(try value(source) == expected)
  }

  @Test func `an archive opens with its password only`() throws {
    let archive = "Convert.FromBase64String(\"\(TestCertificate.archive)\")"
    #expect(try value("new X509Certificate2(\(archive), \"secret\").HasPrivateKey") == "True")
    #expect(
      try failure("new X509Certificate2(\(archive), \"wrong\")")
        == "System.Security.Cryptography.CryptographicException")
    let again =
      "new X509Certificate2(new X509Certificate2(\(archive), \"secret\").Export(X509ContentType.Pfx, \"p\"), \"p\")"
    #expect(try value("\(again).Thumbprint") == TestCertificate.thumbprint)
  }

  @Test func `a certificate that is no certificate is refused`() throws {
    for bytes in ["", "48", "48, 3, 2, 1, 5", "45, 45, 45"] {
      #expect(
        try failure("new X509Certificate2(new byte[] {\(bytes)})")
          == "System.Security.Cryptography.CryptographicException")
    }
  }

  @Test func `types that the documentation does not list are refused in strict mode`() {
    for source in [
      "Aes.Create()", "new RSAParameters()", "new RSACng()", "Uri.IsWellFormedUriString(\"a\", UriKind.Absolute)",
    ] {
      #expect(ExpressionCompiler().compile(source, form: .expression, target: .object).program == nil, "\(source)")
    }
  }
}
