#include "base/phrase.h"

static const struct {
	const char *in[LANGUAGES];
} phrases[PHRASES] = {
	[PHRASE_DEVICE_NEW] = {{
		[LANGUAGE_EN] = "New device: {device} has logged in to your account ({time}, from {address}). If that was you, there is "
				"nothing to do. If not: change your password now, end that device's access, and get help{help}",
		[LANGUAGE_DE] = "Neues Gerät: {device} hat sich bei Ihrem Konto angemeldet ({time}, von {address}). Waren Sie das, ist nichts "
				"zu tun. Wenn nicht: Ändern Sie sofort Ihr Passwort, beenden Sie den Zugang des Geräts und holen Sie sich "
				"Hilfe{help}",
		[LANGUAGE_FR] = "Nouvel appareil : {device} s'est connecté à votre compte ({time}, depuis {address}). Si c'était vous, il n'y "
				"a rien à faire. Sinon : changez immédiatement votre mot de passe, mettez fin à l'accès de cet appareil et "
				"demandez de l'aide{help}",
		[LANGUAGE_ES] = "Nuevo dispositivo: {device} ha iniciado sesión en su cuenta ({time}, desde {address}). Si ha sido usted, no "
				"tiene que hacer nada. Si no: cambie ahora mismo su contraseña, ponga fin al acceso de ese dispositivo y "
				"pida ayuda{help}",
		[LANGUAGE_FI] = "Uusi laite: {device} on kirjautunut tilillesi ({time}, osoitteesta {address}). Jos se olit sinä, sinun ei "
				"tarvitse tehdä mitään. Jos et: vaihda heti salasanasi, poista laitteen käyttöoikeus ja pyydä apua{help}",
	}},
	[PHRASE_DEVICE_SUBJECT] = {{
		[LANGUAGE_EN] = "New device at your account",
		[LANGUAGE_DE] = "Neues Gerät bei Ihrem Konto",
		[LANGUAGE_FR] = "Nouvel appareil sur votre compte",
		[LANGUAGE_ES] = "Nuevo dispositivo en su cuenta",
		[LANGUAGE_FI] = "Uusi laite tililläsi",
	}},
	[PHRASE_DEVICE_NAMELESS] = {{
		[LANGUAGE_EN] = "a program that does not say which it is",
		[LANGUAGE_DE] = "ein Programm, das nicht sagt, welches es ist,",
		[LANGUAGE_FR] = "un logiciel qui ne dit pas lequel il est",
		[LANGUAGE_ES] = "un programa que no dice cuál es",
		[LANGUAGE_FI] = "ohjelma, joka ei kerro nimeään,",
	}},
	[PHRASE_DEVICE_ON] = {{
		[LANGUAGE_EN] = " on \"{name}\"",
		[LANGUAGE_DE] = " auf \"{name}\"",
		[LANGUAGE_FR] = " sur \"{name}\"",
		[LANGUAGE_ES] = " en \"{name}\"",
		[LANGUAGE_FI] = " laitteella \"{name}\"",
	}},
	[PHRASE_HELP_AFTER] = {{
		[LANGUAGE_EN] = ": {help}",
		[LANGUAGE_DE] = ": {help}",
		[LANGUAGE_FR] = " : {help}",
		[LANGUAGE_ES] = ": {help}",
		[LANGUAGE_FI] = ": {help}",
	}},
	[PHRASE_TAKEN_RESUMED] = {{
		[LANGUAGE_EN] = "{time}: Another connection, from {address}, goes on with your session \"{name}\".",
		[LANGUAGE_DE] = "{time}: Eine andere Verbindung, von {address}, setzt Ihre Sitzung \"{name}\" fort.",
		[LANGUAGE_FR] = "{time} : une autre connexion, depuis {address}, poursuit votre session \"{name}\".",
		[LANGUAGE_ES] = "{time}: Otra conexión, desde {address}, continúa su sesión \"{name}\".",
		[LANGUAGE_FI] = "{time}: Toinen yhteys, osoitteesta {address}, jatkaa istuntoasi \"{name}\".",
	}},
	[PHRASE_TAKEN_REPLACED] = {{
		[LANGUAGE_EN] = "{time}: Another connection, from {address}, has taken the place of your session "
				"\"{name}\".",
		[LANGUAGE_DE] = "{time}: Eine andere Verbindung, von {address}, ist an die Stelle Ihrer Sitzung \"{name}\" "
				"getreten.",
		[LANGUAGE_FR] = "{time} : une autre connexion, depuis {address}, a pris la place de votre session "
				"\"{name}\".",
		[LANGUAGE_ES] = "{time}: Otra conexión, desde {address}, ha ocupado el lugar de su sesión \"{name}\".",
		[LANGUAGE_FI] = "{time}: Toinen yhteys, osoitteesta {address}, on tullut istuntosi \"{name}\" tilalle.",
	}},
	[PHRASE_TAKEN_REFUSED] = {{
		[LANGUAGE_EN] = "{time}: Somebody who knows your password wanted to go on with your session \"{name}\", "
				"from {address}, and was not let.",
		[LANGUAGE_DE] = "{time}: Jemand, der Ihr Passwort kennt, wollte von {address} aus Ihre Sitzung \"{name}\" "
				"fortsetzen und durfte es nicht.",
		[LANGUAGE_FR] = "{time} : quelqu'un qui connaît votre mot de passe a voulu poursuivre votre session "
				"\"{name}\", depuis {address} ; cela lui a été refusé.",
		[LANGUAGE_ES] = "{time}: Alguien que conoce su contraseña ha querido continuar su sesión \"{name}\", desde "
				"{address}, y no se le ha permitido.",
		[LANGUAGE_FI] = "{time}: Joku, joka tietää salasanasi, yritti jatkaa istuntoasi \"{name}\" osoitteesta "
				"{address}, mutta sitä ei sallittu.",
	}},
	[PHRASE_TAKEN_THERE] = {{
		[LANGUAGE_EN] = "Whoever had it before is still connected to his network ({address}).",
		[LANGUAGE_DE] = "Wer sie vorher hatte, ist noch mit seinem Netz verbunden ({address}).",
		[LANGUAGE_FR] = "La personne qui l'avait auparavant est toujours connectée à son réseau ({address}).",
		[LANGUAGE_ES] = "Quien la tenía antes sigue conectado a su red ({address}).",
		[LANGUAGE_FI] = "Se, jolla istunto oli aiemmin, on yhä yhteydessä verkkoonsa ({address}).",
	}},
	[PHRASE_TAKEN_ELSEWHERE] = {{
		[LANGUAGE_EN] = "It came from another network before ({address}).",
		[LANGUAGE_DE] = "Vorher kam sie aus einem anderen Netz ({address}).",
		[LANGUAGE_FR] = "Auparavant, elle venait d'un autre réseau ({address}).",
		[LANGUAGE_ES] = "Antes venía de otra red ({address}).",
		[LANGUAGE_FI] = "Aiemmin se tuli toisesta verkosta ({address}).",
	}},
	[PHRASE_TAKEN_WEAKER] = {{
		[LANGUAGE_EN] = "The new connection is less protected than the one before.",
		[LANGUAGE_DE] = "Die neue Verbindung ist weniger geschützt als die vorige.",
		[LANGUAGE_FR] = "La nouvelle connexion est moins protégée que la précédente.",
		[LANGUAGE_ES] = "La nueva conexión está menos protegida que la anterior.",
		[LANGUAGE_FI] = "Uusi yhteys on heikommin suojattu kuin edellinen.",
	}},
	[PHRASE_TAKEN_ADVICE] = {{
		[LANGUAGE_EN] = "If that was not you: change your password now, which ends all sessions, and tell those "
				"who look after this server.",
		[LANGUAGE_DE] = "Wenn Sie das nicht waren: Ändern Sie sofort Ihr Passwort, das beendet alle Sitzungen, und "
				"sagen Sie es denen, die diesen Server betreuen.",
		[LANGUAGE_FR] = "Si ce n'était pas vous : changez immédiatement votre mot de passe, ce qui met fin à "
				"toutes les sessions, et prévenez les responsables de ce serveur.",
		[LANGUAGE_ES] = "Si no ha sido usted: cambie ahora mismo su contraseña, lo que cierra todas las sesiones, "
				"y avise a los responsables de este servidor.",
		[LANGUAGE_FI] = "Jos se et ollut sinä: vaihda heti salasanasi, mikä päättää kaikki istunnot, ja ilmoita "
				"asiasta tämän palvelimen ylläpidolle.",
	}},
	[PHRASE_TAKEN_SUBJECT] = {{
		[LANGUAGE_EN] = "Your account: a session was taken over",
		[LANGUAGE_DE] = "Ihr Konto: Eine Sitzung wurde übernommen",
		[LANGUAGE_FR] = "Votre compte : une session a été reprise par une autre connexion",
		[LANGUAGE_ES] = "Su cuenta: una sesión ha pasado a otra conexión",
		[LANGUAGE_FI] = "Tilisi: istunto on siirtynyt toiselle yhteydelle",
	}},
	[PHRASE_HELP] = {{
		[LANGUAGE_EN] = "Help: {help}",
		[LANGUAGE_DE] = "Hilfe: {help}",
		[LANGUAGE_FR] = "Aide : {help}",
		[LANGUAGE_ES] = "Ayuda: {help}",
		[LANGUAGE_FI] = "Apua: {help}",
	}},
	[PHRASE_FLOOD] = {{
		[LANGUAGE_EN] = "A great many people whom you do not know are writing to you. The server holds them off "
				"until there has been peace for {minutes} min. Your contacts reach you as ever, and whom "
				"you write to can answer.",
		[LANGUAGE_DE] = "Sehr viele Leute, die Sie nicht kennen, schreiben Ihnen gerade. Der Server hält sie "
				"zurück, bis {minutes} min lang Ruhe ist. Ihre Kontakte erreichen Sie wie immer, und wem "
				"Sie schreiben, der kann antworten.",
		[LANGUAGE_FR] = "Un très grand nombre de personnes que vous ne connaissez pas vous écrivent en ce moment. "
				"Le serveur les retient jusqu'à ce que le calme ait duré {minutes} min. Vos contacts vous "
				"joignent comme toujours, et les personnes à qui vous écrivez peuvent répondre.",
		[LANGUAGE_ES] = "Muchísimas personas que usted no conoce le están escribiendo. El servidor las retiene "
				"hasta que haya habido {minutes} min de calma. Sus contactos se comunican con usted como "
				"siempre, y las personas a las que usted escriba pueden responderle.",
		[LANGUAGE_FI] = "Hyvin moni tuntematon kirjoittaa sinulle juuri nyt. Palvelin pidättelee heitä, kunnes on "
				"ollut rauhallista {minutes} min. Yhteystietoihisi kuuluvat tavoittavat sinut kuten "
				"ennenkin, ja ne, joille kirjoitat, voivat vastata.",
	}},
	[PHRASE_FLOOD_DESK] = {{
		[LANGUAGE_EN] = "A great many people whom you do not know are writing to you. The server holds them off. "
				"Your contacts reach you as ever, and whom you write to can answer.",
		[LANGUAGE_DE] = "Sehr viele Leute, die Sie nicht kennen, schreiben Ihnen gerade. Der Server hält sie "
				"zurück. Ihre Kontakte erreichen Sie wie immer, und wem Sie schreiben, der kann antworten.",
		[LANGUAGE_FR] = "Un très grand nombre de personnes que vous ne connaissez pas vous écrivent en ce moment. "
				"Le serveur les retient. Vos contacts vous joignent comme toujours, et les personnes à qui "
				"vous écrivez peuvent répondre.",
		[LANGUAGE_ES] = "Muchísimas personas que usted no conoce le están escribiendo. El servidor las retiene. "
				"Sus contactos se comunican con usted como siempre, y las personas a las que usted escriba "
				"pueden responderle.",
		[LANGUAGE_FI] = "Hyvin moni tuntematon kirjoittaa sinulle juuri nyt. Palvelin pidättelee heitä. "
				"Yhteystietoihisi kuuluvat tavoittavat sinut kuten ennenkin, ja ne, joille kirjoitat, "
				"voivat vastata.",
	}},
	[PHRASE_STRANGER] = {{
		[LANGUAGE_EN] = "{count} person whom you do not know would like to reach you. Add somebody to your "
				"contacts or write to him, and you get what he has sent:",
		[LANGUAGE_DE] = "{count} Person, die Sie nicht kennen, möchte Sie erreichen. Nehmen Sie jemanden in Ihre "
				"Kontakte auf oder schreiben Sie ihm, dann kommt an, was er geschickt hat:",
		[LANGUAGE_FR] = "{count} personne que vous ne connaissez pas souhaite vous joindre. Ajoutez quelqu'un à "
				"vos contacts ou écrivez-lui, et vous recevrez ce qu'il a envoyé :",
		[LANGUAGE_ES] = "{count} persona que usted no conoce desea comunicarse con usted. Añada a alguien a sus "
				"contactos o escríbale, y recibirá lo que le ha enviado:",
		[LANGUAGE_FI] = "{count} tuntematon haluaisi tavoittaa sinut. Lisää joku yhteystietoihisi tai kirjoita "
				"hänelle, niin saat, mitä hän on lähettänyt:",
	}},
	[PHRASE_STRANGERS] = {{
		[LANGUAGE_EN] = "{count} people whom you do not know would like to reach you. Add somebody to your "
				"contacts or write to him, and you get what he has sent:",
		[LANGUAGE_DE] = "{count} Leute, die Sie nicht kennen, möchten Sie erreichen. Nehmen Sie jemanden in Ihre "
				"Kontakte auf oder schreiben Sie ihm, dann kommt an, was er geschickt hat:",
		[LANGUAGE_FR] = "{count} personnes que vous ne connaissez pas souhaitent vous joindre. Ajoutez quelqu'un à "
				"vos contacts ou écrivez-lui, et vous recevrez ce qu'il a envoyé :",
		[LANGUAGE_ES] = "{count} personas que usted no conoce desean comunicarse con usted. Añada a alguien a sus "
				"contactos o escríbale, y recibirá lo que le ha enviado:",
		[LANGUAGE_FI] = "{count} tuntematonta haluaisi tavoittaa sinut. Lisää joku yhteystietoihisi tai kirjoita "
				"hänelle, niin saat, mitä hän on lähettänyt:",
	}},
	[PHRASE_WEAK_CALL] = {{
		[LANGUAGE_EN] = "Calls without DTLS-SRTP are not allowed here: what is said would be less protected than "
				"what is written. Use a client that encrypts calls.",
		[LANGUAGE_DE] = "Anrufe ohne DTLS-SRTP sind hier nicht erlaubt: Gesprochenes wäre schlechter geschützt als "
				"Geschriebenes. Benutzen Sie ein Programm, das Anrufe verschlüsselt.",
		[LANGUAGE_FR] = "Les appels sans DTLS-SRTP ne sont pas autorisés ici : ce qui est dit serait moins bien "
				"protégé que ce qui est écrit. Utilisez un logiciel qui chiffre les appels.",
		[LANGUAGE_ES] = "Aquí no se permiten llamadas sin DTLS-SRTP: lo que se dice estaría menos protegido que lo "
				"que se escribe. Use un programa que cifre las llamadas.",
		[LANGUAGE_FI] = "Puhelut ilman DTLS-SRTP:tä eivät ole täällä sallittuja: puhuttu olisi heikommin suojattu "
				"kuin kirjoitettu. Käytä ohjelmaa, joka salaa puhelut.",
	}},
	[PHRASE_WEAK_FILE] = {{
		[LANGUAGE_EN] = "Files over unprotected connections are not allowed here: not over http: or ftp:, and not "
				"straight from device to device over SOCKS5.",
		[LANGUAGE_DE] = "Dateien über ungeschützte Verbindungen sind hier nicht erlaubt: nicht über http: oder "
				"ftp: und nicht über SOCKS5 direkt von Gerät zu Gerät.",
		[LANGUAGE_FR] = "Les fichiers par des connexions non protégées ne sont pas autorisés ici : ni par http: ou "
				"ftp:, ni directement d'un appareil à l'autre par SOCKS5.",
		[LANGUAGE_ES] = "Aquí no se permiten archivos por conexiones sin protección: ni por http: o ftp:, ni "
				"directamente de un dispositivo a otro por SOCKS5.",
		[LANGUAGE_FI] = "Tiedostot suojaamattomien yhteyksien kautta eivät ole täällä sallittuja: eivät http:- tai "
				"ftp:-osoitteista eivätkä suoraan laitteesta laitteeseen SOCKS5:llä.",
	}},
	[PHRASE_IN_BAND_FILE] = {{
		[LANGUAGE_EN] = "Files inside the conversation (SI, IBB) are not allowed here.",
		[LANGUAGE_DE] = "Dateien innerhalb der Unterhaltung (SI, IBB) sind hier nicht erlaubt.",
		[LANGUAGE_FR] = "Les fichiers à l'intérieur de la conversation (SI, IBB) ne sont pas autorisés ici.",
		[LANGUAGE_ES] = "Aquí no se permiten archivos dentro de la conversación (SI, IBB).",
		[LANGUAGE_FI] = "Tiedostot keskustelun sisällä (SI, IBB) eivät ole täällä sallittuja.",
	}},
	[PHRASE_NAME_TAKEN] = {{
		[LANGUAGE_EN] = "This name belongs to somebody else here, or looks like it. Choose another one.",
		[LANGUAGE_DE] = "Dieser Name gehört hier jemand anderem oder sieht so aus. Wählen Sie einen anderen.",
		[LANGUAGE_FR] = "Ce nom est ici celui de quelqu'un d'autre, ou y ressemble. Choisissez-en un autre.",
		[LANGUAGE_ES] = "Este nombre es aquí el de otra persona, o se le parece. Elija otro.",
		[LANGUAGE_FI] = "Tämä nimi kuuluu täällä jollekulle toiselle tai näyttää siltä. Valitse toinen.",
	}},
	[PHRASE_NAME_MIXED] = {{
		[LANGUAGE_EN] = "This name mixes letters of several scripts. Choose another one.",
		[LANGUAGE_DE] = "Dieser Name mischt Buchstaben mehrerer Schriften. Wählen Sie einen anderen.",
		[LANGUAGE_FR] = "Ce nom mélange des lettres de plusieurs écritures. Choisissez-en un autre.",
		[LANGUAGE_ES] = "Este nombre mezcla letras de varios alfabetos. Elija otro.",
		[LANGUAGE_FI] = "Tässä nimessä on sekaisin usean kirjoitusjärjestelmän kirjaimia. Valitse toinen.",
	}},
	[PHRASE_WARN_MIXED] = {{
		[LANGUAGE_EN] = "[Warning from the server: the name of {who} mixes letters of several scripts and may not "
				"be what it seems.]",
		[LANGUAGE_DE] = "[Warnung des Servers: Der Name von {who} mischt Buchstaben mehrerer Schriften und ist "
				"vielleicht nicht, was er scheint.]",
		[LANGUAGE_FR] = "[Avertissement du serveur : le nom de {who} mélange des lettres de plusieurs écritures et "
				"n'est peut-être pas ce qu'il paraît.]",
		[LANGUAGE_ES] = "[Aviso del servidor: el nombre de {who} mezcla letras de varios alfabetos y puede no ser "
				"lo que parece.]",
		[LANGUAGE_FI] = "[Palvelimen varoitus: käyttäjän {who} nimessä on sekaisin usean kirjoitusjärjestelmän "
				"kirjaimia, eikä se ehkä ole sitä, miltä näyttää.]",
	}},
	[PHRASE_WARN_RESERVED] = {{
		[LANGUAGE_EN] = "[Warning from the server: {who} does not speak for this organisation.]",
		[LANGUAGE_DE] = "[Warnung des Servers: {who} spricht nicht für diese Organisation.]",
		[LANGUAGE_FR] = "[Avertissement du serveur : {who} ne parle pas au nom de cette organisation.]",
		[LANGUAGE_ES] = "[Aviso del servidor: {who} no habla en nombre de esta organización.]",
		[LANGUAGE_FI] = "[Palvelimen varoitus: {who} ei puhu tämän organisaation puolesta.]",
	}},
	[PHRASE_WARN_COLLEAGUE] = {{
		[LANGUAGE_EN] = "[Warning from the server: {who} is not {name} ({address}), it only looks like it.]",
		[LANGUAGE_DE] = "[Warnung des Servers: {who} ist nicht {name} ({address}), der Name sieht nur so aus.]",
		[LANGUAGE_FR] = "[Avertissement du serveur : {who} n'est pas {name} ({address}), le nom y ressemble "
				"seulement.]",
		[LANGUAGE_ES] = "[Aviso del servidor: {who} no es {name} ({address}), el nombre solo se le parece.]",
		[LANGUAGE_FI] = "[Palvelimen varoitus: {who} ei ole {name} ({address}), nimi vain näyttää siltä.]",
	}},
	[PHRASE_LOCK_UNTIL] = {{
		[LANGUAGE_EN] = "Switched off until {time}: {what}.",
		[LANGUAGE_DE] = "Abgeschaltet bis {time}: {what}.",
		[LANGUAGE_FR] = "Désactivé jusqu’au {time} : {what}.",
		[LANGUAGE_ES] = "Desactivado hasta el {time}: {what}.",
		[LANGUAGE_FI] = "Poissa käytöstä {time} asti: {what}.",
	}},
	[PHRASE_LOCK_OPEN] = {{
		[LANGUAGE_EN] = "Switched off until further notice: {what}.",
		[LANGUAGE_DE] = "Bis auf Weiteres abgeschaltet: {what}.",
		[LANGUAGE_FR] = "Désactivé jusqu’à nouvel ordre : {what}.",
		[LANGUAGE_ES] = "Desactivado hasta nuevo aviso: {what}.",
		[LANGUAGE_FI] = "Poissa käytöstä toistaiseksi: {what}.",
	}},
	[PHRASE_LOCK_OVER] = {{
		[LANGUAGE_EN] = "Switched on again: {what}.",
		[LANGUAGE_DE] = "Wieder eingeschaltet: {what}.",
		[LANGUAGE_FR] = "De nouveau activé : {what}.",
		[LANGUAGE_ES] = "Activado de nuevo: {what}.",
		[LANGUAGE_FI] = "Taas käytössä: {what}.",
	}},
	[PHRASE_LOCK_REASON] = {{
		[LANGUAGE_EN] = "Reason: {reason}",
		[LANGUAGE_DE] = "Grund: {reason}",
		[LANGUAGE_FR] = "Motif : {reason}",
		[LANGUAGE_ES] = "Motivo: {reason}",
		[LANGUAGE_FI] = "Syy: {reason}",
	}},
	[PHRASE_LOCK_WHAT] = {{
		[LANGUAGE_EN] = "the whole service",
		[LANGUAGE_DE] = "der ganze Dienst",
		[LANGUAGE_FR] = "tout le service",
		[LANGUAGE_ES] = "todo el servicio",
		[LANGUAGE_FI] = "koko palvelu",
	}},
	[PHRASE_LOCK_MESSAGES] = {{
		[LANGUAGE_EN] = "messages",
		[LANGUAGE_DE] = "Nachrichten",
		[LANGUAGE_FR] = "les messages",
		[LANGUAGE_ES] = "los mensajes",
		[LANGUAGE_FI] = "viestit",
	}},
	[PHRASE_LOCK_FILES] = {{
		[LANGUAGE_EN] = "files and pictures",
		[LANGUAGE_DE] = "Dateien und Bilder",
		[LANGUAGE_FR] = "les fichiers et les images",
		[LANGUAGE_ES] = "los archivos y las imágenes",
		[LANGUAGE_FI] = "tiedostot ja kuvat",
	}},
	[PHRASE_LOCK_LINKS] = {{
		[LANGUAGE_EN] = "links",
		[LANGUAGE_DE] = "Links",
		[LANGUAGE_FR] = "les liens",
		[LANGUAGE_ES] = "los enlaces",
		[LANGUAGE_FI] = "linkit",
	}},
	[PHRASE_LOCK_CALLS] = {{
		[LANGUAGE_EN] = "calls",
		[LANGUAGE_DE] = "Anrufe",
		[LANGUAGE_FR] = "les appels",
		[LANGUAGE_ES] = "las llamadas",
		[LANGUAGE_FI] = "puhelut",
	}},
	[PHRASE_LOCK_ROOMS] = {{
		[LANGUAGE_EN] = "rooms",
		[LANGUAGE_DE] = "Räume",
		[LANGUAGE_FR] = "les salons",
		[LANGUAGE_ES] = "las salas",
		[LANGUAGE_FI] = "huoneet",
	}},
	[PHRASE_LOCK_OUTSIDE] = {{
		[LANGUAGE_EN] = "contact with the outside",
		[LANGUAGE_DE] = "Verbindungen nach außen",
		[LANGUAGE_FR] = "les échanges avec l’extérieur",
		[LANGUAGE_ES] = "el contacto con el exterior",
		[LANGUAGE_FI] = "yhteydet ulkopuolelle",
	}},
	[PHRASE_RETIRED] = {{
		[LANGUAGE_EN] = "From {date} on, something that your program has just used will be refused here.",
		[LANGUAGE_DE] = "Ab {date} wird hier etwas abgelehnt, was Ihr Programm eben benutzt hat.",
		[LANGUAGE_FR] = "À partir du {date}, une chose que votre logiciel vient d'utiliser sera refusée ici.",
		[LANGUAGE_ES] = "A partir del {date}, algo que su programa acaba de usar se rechazará aquí.",
		[LANGUAGE_FI] = "{date} alkaen täällä hylätään jotakin, mitä ohjelmasi juuri käytti.",
	}},
	[PHRASE_CAMPAIGN_SUBJECT] = {{
		[LANGUAGE_EN] = "Your chat program",
		[LANGUAGE_DE] = "Ihr Chatprogramm",
		[LANGUAGE_FR] = "Votre logiciel de messagerie",
		[LANGUAGE_ES] = "Su programa de mensajería",
		[LANGUAGE_FI] = "Pikaviestiohjelmasi",
	}},
	[PHRASE_CAMPAIGN_CLIENTS] = {{
		[LANGUAGE_EN] = "This is about:",
		[LANGUAGE_DE] = "Es geht um:",
		[LANGUAGE_FR] = "Il s'agit de :",
		[LANGUAGE_ES] = "Se trata de:",
		[LANGUAGE_FI] = "Kyse on näistä:",
	}},
	[PHRASE_CAMPAIGN_SEEN] = {{
		[LANGUAGE_EN] = "last used {date}",
		[LANGUAGE_DE] = "zuletzt benutzt {date}",
		[LANGUAGE_FR] = "dernière utilisation le {date}",
		[LANGUAGE_ES] = "usado por última vez el {date}",
		[LANGUAGE_FI] = "käytetty viimeksi {date}",
	}},
	[PHRASE_CAMPAIGN_WHOSE] = {{
		[LANGUAGE_EN] = "You receive this because of your account {address}.",
		[LANGUAGE_DE] = "Sie erhalten das wegen Ihres Kontos {address}.",
		[LANGUAGE_FR] = "Vous recevez ce message en raison de votre compte {address}.",
		[LANGUAGE_ES] = "Recibe este mensaje por su cuenta {address}.",
		[LANGUAGE_FI] = "Saat tämän viestin tilisi {address} vuoksi.",
	}},
	[PHRASE_CLIENT_LATER_DENY] = {{
		[LANGUAGE_EN] = "From {date} on, {client} will no longer be accepted here.",
		[LANGUAGE_DE] = "Ab {date} wird {client} hier nicht mehr angenommen.",
		[LANGUAGE_FR] = "À partir du {date}, {client} ne sera plus accepté ici.",
		[LANGUAGE_ES] = "A partir del {date}, {client} ya no se aceptará aquí.",
		[LANGUAGE_FI] = "{date} alkaen {client} ei enää kelpaa täällä.",
	}},
	[PHRASE_CLIENT_LATER_RESTRICT] = {{
		[LANGUAGE_EN] = "From {date} on, {client} may only be used here with limits: {limits}.",
		[LANGUAGE_DE] = "Ab {date} kann {client} hier nur eingeschränkt benutzt werden: {limits}.",
		[LANGUAGE_FR] = "À partir du {date}, {client} ne pourra être utilisé ici qu'avec des limites : {limits}.",
		[LANGUAGE_ES] = "A partir del {date}, {client} solo podrá usarse aquí con límites: {limits}.",
		[LANGUAGE_FI] = "{date} alkaen {client} on käytettävissä täällä vain rajoitetusti: {limits}.",
	}},
	[PHRASE_CLIENT_REPLACE] = {{
		[LANGUAGE_EN] = "Please replace {client} with a newer or another program.",
		[LANGUAGE_DE] = "Bitte ersetzen Sie {client} durch eine neuere Version oder ein anderes Programm.",
		[LANGUAGE_FR] = "Veuillez remplacer {client} par une version plus récente ou par un autre logiciel.",
		[LANGUAGE_ES] = "Sustituya {client} por una versión más reciente o por otro programa.",
		[LANGUAGE_FI] = "Vaihda {client} uudempaan tai toiseen ohjelmaan.",
	}},
	[PHRASE_CLIENT_RESTRICTED] = {{
		[LANGUAGE_EN] = "{client} may only be used here with limits: {limits}.",
		[LANGUAGE_DE] = "{client} kann hier nur eingeschränkt benutzt werden: {limits}.",
		[LANGUAGE_FR] = "{client} ne peut être utilisé ici qu'avec des limites : {limits}.",
		[LANGUAGE_ES] = "{client} solo puede usarse aquí con límites: {limits}.",
		[LANGUAGE_FI] = "{client} on käytettävissä täällä vain rajoitetusti: {limits}.",
	}},
	[PHRASE_CLIENT_DENIED] = {{
		[LANGUAGE_EN] = "{client} is not accepted here.",
		[LANGUAGE_DE] = "{client} wird hier nicht angenommen.",
		[LANGUAGE_FR] = "{client} n'est pas accepté ici.",
		[LANGUAGE_ES] = "{client} no se acepta aquí.",
		[LANGUAGE_FI] = "{client} ei kelpaa täällä.",
	}},
	[PHRASE_CLIENT_DATE] = {{
		[LANGUAGE_EN] = "Date: {date}.",
		[LANGUAGE_DE] = "Datum: {date}.",
		[LANGUAGE_FR] = "Date : {date}.",
		[LANGUAGE_ES] = "Fecha: {date}.",
		[LANGUAGE_FI] = "Päivä: {date}.",
	}},
	[PHRASE_CLIENT_REASON] = {{
		[LANGUAGE_EN] = "Reason: {reason}",
		[LANGUAGE_DE] = "Grund: {reason}",
		[LANGUAGE_FR] = "Raison : {reason}",
		[LANGUAGE_ES] = "Motivo: {reason}",
		[LANGUAGE_FI] = "Syy: {reason}",
	}},
	[PHRASE_CLIENT_LINK] = {{
		[LANGUAGE_EN] = "Download: {link}",
		[LANGUAGE_DE] = "Herunterladen: {link}",
		[LANGUAGE_FR] = "Téléchargement : {link}",
		[LANGUAGE_ES] = "Descarga: {link}",
		[LANGUAGE_FI] = "Lataa: {link}",
	}},
	[PHRASE_CLIENT_NO_RETRY] = {{
		[LANGUAGE_EN] = "Trying again with the same program will not help.",
		[LANGUAGE_DE] = "Es mit demselben Programm noch einmal zu versuchen, hilft nicht.",
		[LANGUAGE_FR] = "Réessayer avec le même logiciel ne servira à rien.",
		[LANGUAGE_ES] = "Intentarlo de nuevo con el mismo programa no servirá de nada.",
		[LANGUAGE_FI] = "Uusi yritys samalla ohjelmalla ei auta.",
	}},
	[PHRASE_CLIENT_YOURS] = {{
		[LANGUAGE_EN] = "the program you use",
		[LANGUAGE_DE] = "das Programm, das Sie benutzen,",
		[LANGUAGE_FR] = "le logiciel que vous utilisez",
		[LANGUAGE_ES] = "el programa que usa",
		[LANGUAGE_FI] = "käyttämäsi ohjelma",
	}},
	[PHRASE_CLIENT_WAY] = {{
		[LANGUAGE_EN] = "logging in with ",
		[LANGUAGE_DE] = "die Anmeldung mit ",
		[LANGUAGE_FR] = "l'accès avec ",
		[LANGUAGE_ES] = "el acceso con ",
		[LANGUAGE_FI] = "kirjautuminen tavalla ",
	}},
	[PHRASE_CLIENT_LIMIT_SPEAK] = {{
		[LANGUAGE_EN] = "nothing can be sent to other people",
		[LANGUAGE_DE] = "nichts kann an andere gesendet werden",
		[LANGUAGE_FR] = "rien ne peut être envoyé aux autres",
		[LANGUAGE_ES] = "no se puede enviar nada a otras personas",
		[LANGUAGE_FI] = "muille ei voi lähettää mitään",
	}},
	[PHRASE_CLIENT_LIMIT_FILES] = {{
		[LANGUAGE_EN] = "no files",
		[LANGUAGE_DE] = "keine Dateien",
		[LANGUAGE_FR] = "pas de fichiers",
		[LANGUAGE_ES] = "sin archivos",
		[LANGUAGE_FI] = "ei tiedostoja",
	}},
	[PHRASE_CLIENT_LIMIT_OUTSIDE] = {{
		[LANGUAGE_EN] = "nothing to or from other domains",
		[LANGUAGE_DE] = "nichts von und nach anderen Domänen",
		[LANGUAGE_FR] = "rien vers d'autres domaines, ni de ceux-ci",
		[LANGUAGE_ES] = "nada hacia otros dominios ni desde ellos",
		[LANGUAGE_FI] = "ei mitään muihin verkkotunnuksiin eikä niistä",
	}},
	[PHRASE_CLIENT_LIMIT_HISTORY] = {{
		[LANGUAGE_EN] = "nothing that was written before",
		[LANGUAGE_DE] = "nichts, was früher geschrieben wurde",
		[LANGUAGE_FR] = "rien de ce qui a été écrit auparavant",
		[LANGUAGE_ES] = "nada de lo escrito antes",
		[LANGUAGE_FI] = "ei mitään aiemmin kirjoitettua",
	}},
	[PHRASE_CLIENT_LIMIT_HEAR] = {{
		[LANGUAGE_EN] = "nothing that people write arrives",
		[LANGUAGE_DE] = "nichts, was andere schreiben, kommt an",
		[LANGUAGE_FR] = "rien de ce que les autres écrivent n'arrive",
		[LANGUAGE_ES] = "no llega nada de lo que escriben otros",
		[LANGUAGE_FI] = "mikään, mitä muut kirjoittavat, ei tule perille",
	}},
	[PHRASE_CLIENT_LIMIT_ACCOUNT] = {{
		[LANGUAGE_EN] = "the account cannot be administered",
		[LANGUAGE_DE] = "das Konto kann nicht verwaltet werden",
		[LANGUAGE_FR] = "le compte ne peut pas être administré",
		[LANGUAGE_ES] = "no se puede administrar la cuenta",
		[LANGUAGE_FI] = "tiliä ei voi hallinnoida",
	}},
	[PHRASE_DEVICE_WAITS] = {{
		[LANGUAGE_EN] = "New device: {device} has logged in to your account ({time}, from {address}), and is limited until you confirm "
				"it. If that was you, answer: yes {id}. If not, answer: no {id} - then change your password, and get help{help}",
		[LANGUAGE_DE] = "Neues Gerät: {device} hat sich bei Ihrem Konto angemeldet ({time}, von {address}) und ist eingeschränkt, bis "
				"Sie es bestätigen. Waren Sie das, antworten Sie: ja {id}. Wenn nicht, antworten Sie: nein {id} - ändern Sie "
				"dann Ihr Passwort und holen Sie sich Hilfe{help}",
		[LANGUAGE_FR] = "Nouvel appareil : {device} s'est connecté à votre compte ({time}, depuis {address}) et reste limité tant que "
				"vous ne l'avez pas confirmé. Si c'était vous, répondez : oui {id}. Sinon, répondez : non {id} - changez "
				"ensuite votre mot de passe et demandez de l'aide{help}",
		[LANGUAGE_ES] = "Nuevo dispositivo: {device} ha iniciado sesión en su cuenta ({time}, desde {address}) y está limitado hasta que "
				"usted lo confirme. Si ha sido usted, responda: sí {id}. Si no, responda: no {id} - después cambie su "
				"contraseña y pida ayuda{help}",
		[LANGUAGE_FI] = "Uusi laite: {device} on kirjautunut tilillesi ({time}, osoitteesta {address}), ja sen käyttöä rajoitetaan, kunnes "
				"vahvistat sen. Jos se olit sinä, vastaa: kyllä {id}. Jos et, vastaa: ei {id} - vaihda sitten salasanasi ja "
				"pyydä apua{help}",
	}},
	[PHRASE_NETWORK_WAITS] = {{
		[LANGUAGE_EN] = "Two networks: your account is in use by {device} from {address}, too ({time}), which is limited until you "
				"confirm it. If that is you, answer: yes {id}. If not, answer: no {id} - then change your password, and get "
				"help{help}",
		[LANGUAGE_DE] = "Zwei Netze: Ihr Konto wird durch {device} auch von {address} aus benutzt ({time}), eingeschränkt, bis Sie es "
				"bestätigen. Sind Sie das, antworten Sie: ja {id}. Wenn nicht, antworten Sie: nein {id} - ändern Sie dann Ihr "
				"Passwort und holen Sie sich Hilfe{help}",
		[LANGUAGE_FR] = "Deux réseaux : votre compte est aussi utilisé par {device} depuis {address} ({time}), avec des limites tant que "
				"vous ne l'avez pas confirmé. Si c'est vous, répondez : oui {id}. Sinon, répondez : non {id} - changez "
				"ensuite votre mot de passe et demandez de l'aide{help}",
		[LANGUAGE_ES] = "Dos redes: su cuenta se usa también con {device} desde {address} ({time}), con límites hasta que usted lo "
				"confirme. Si es usted, responda: sí {id}. Si no, responda: no {id} - después cambie su contraseña y pida "
				"ayuda{help}",
		[LANGUAGE_FI] = "Kaksi verkkoa: tiliäsi käyttää {device} myös osoitteesta {address} ({time}), rajoitetusti, kunnes vahvistat sen. "
				"Jos se olet sinä, vastaa: kyllä {id}. Jos et, vastaa: ei {id} - vaihda sitten salasanasi ja pyydä apua{help}",
	}},
	[PHRASE_UNCONFIRMED] = {{
		[LANGUAGE_EN] = "This device ({id}) has not been confirmed yet. Until then: {limits}. To confirm it, answer the server's message "
				"on another device of yours with: yes - or get help{help}",
		[LANGUAGE_DE] = "Dieses Gerät ({id}) ist noch nicht bestätigt. Bis dahin: {limits}. Um es zu bestätigen, beantworten Sie die "
				"Nachricht des Servers auf einem anderen Ihrer Geräte mit: ja - oder holen Sie sich Hilfe{help}",
		[LANGUAGE_FR] = "Cet appareil ({id}) n'est pas encore confirmé. D'ici là : {limits}. Pour le confirmer, répondez au message du "
				"serveur sur un autre de vos appareils par : oui - ou demandez de l'aide{help}",
		[LANGUAGE_ES] = "Este dispositivo ({id}) aún no está confirmado. Hasta entonces: {limits}. Para confirmarlo, responda al mensaje "
				"del servidor en otro de sus dispositivos con: sí - o pida ayuda{help}",
		[LANGUAGE_FI] = "Tätä laitetta ({id}) ei ole vielä vahvistettu. Siihen asti: {limits}. Vahvista se vastaamalla palvelimen viestiin "
				"toisella laitteellasi: kyllä - tai pyydä apua{help}",
	}},
	[PHRASE_CONFIRMED] = {{
		[LANGUAGE_EN] = "{id} is confirmed: there are no limits for it any more.",
		[LANGUAGE_DE] = "{id} ist bestätigt und nicht mehr eingeschränkt.",
		[LANGUAGE_FR] = "{id} est confirmé et n'a plus de limites.",
		[LANGUAGE_ES] = "{id} está confirmado y ya no tiene límites.",
		[LANGUAGE_FI] = "{id} on vahvistettu, eikä sitä enää rajoiteta.",
	}},
	[PHRASE_CONFIRMED_SELF] = {{
		[LANGUAGE_EN] = "This device is confirmed: there are no limits any more.",
		[LANGUAGE_DE] = "Dieses Gerät ist bestätigt und nicht mehr eingeschränkt.",
		[LANGUAGE_FR] = "Cet appareil est confirmé et n'a plus de limites.",
		[LANGUAGE_ES] = "Este dispositivo está confirmado y ya no tiene límites.",
		[LANGUAGE_FI] = "Tämä laite on vahvistettu, eikä sitä enää rajoiteta.",
	}},
	[PHRASE_REFUSED] = {{
		[LANGUAGE_EN] = "{id} is logged out, and stays limited if it comes back. Change your password now.",
		[LANGUAGE_DE] = "{id} ist abgemeldet und bleibt eingeschränkt, wenn es wiederkommt. Ändern Sie jetzt Ihr Passwort.",
		[LANGUAGE_FR] = "{id} est déconnecté et restera limité s'il revient. Changez maintenant votre mot de passe.",
		[LANGUAGE_ES] = "{id} ha sido desconectado y seguirá limitado si vuelve. Cambie ahora su contraseña.",
		[LANGUAGE_FI] = "{id} on kirjattu ulos, ja sitä rajoitetaan edelleen, jos se palaa. Vaihda nyt salasanasi.",
	}},
	[PHRASE_NOTHING_WAITS] = {{
		[LANGUAGE_EN] = "No such device of yours waits to be confirmed.",
		[LANGUAGE_DE] = "Kein solches Gerät von Ihnen wartet darauf, bestätigt zu werden.",
		[LANGUAGE_FR] = "Aucun appareil de ce genre n'attend votre confirmation.",
		[LANGUAGE_ES] = "Ningún dispositivo así espera su confirmación.",
		[LANGUAGE_FI] = "Mikään tällainen laitteesi ei odota vahvistusta.",
	}},
	[PHRASE_WHICH_WAITS] = {{
		[LANGUAGE_EN] = "Several wait to be confirmed; add the number of one: {list}",
		[LANGUAGE_DE] = "Mehrere warten darauf, bestätigt zu werden; nennen Sie die Nummer des einen dazu: {list}",
		[LANGUAGE_FR] = "Plusieurs attendent une confirmation ; ajoutez le numéro de l'un d'eux : {list}",
		[LANGUAGE_ES] = "Varios esperan confirmación; añada el número de uno: {list}",
		[LANGUAGE_FI] = "Useampi odottaa vahvistusta; lisää yhden numero: {list}",
	}},
	[PHRASE_CANNOT_CONFIRM] = {{
		[LANGUAGE_EN] = "This device is not confirmed itself, so it cannot answer for another one.",
		[LANGUAGE_DE] = "Dieses Gerät ist selbst nicht bestätigt und kann nicht für ein anderes antworten.",
		[LANGUAGE_FR] = "Cet appareil n'est pas confirmé lui-même et ne peut pas répondre pour un autre.",
		[LANGUAGE_ES] = "Este dispositivo no está confirmado y no puede responder por otro.",
		[LANGUAGE_FI] = "Tätä laitetta ei ole itseään vahvistettu, joten sillä ei voi vastata toisen puolesta.",
	}},
	[PHRASE_CONFIRM_LATER] = {{
		[LANGUAGE_EN] = "That could not be done now. Please try again later.",
		[LANGUAGE_DE] = "Das ging jetzt nicht. Bitte versuchen Sie es später noch einmal.",
		[LANGUAGE_FR] = "Cela n'a pas pu être fait maintenant. Veuillez réessayer plus tard.",
		[LANGUAGE_ES] = "No se ha podido hacer ahora. Inténtelo más tarde.",
		[LANGUAGE_FI] = "Tätä ei voitu tehdä nyt. Yritä myöhemmin uudelleen.",
	}},
};

struct str phrase(enum phrase p, enum language language)
{
	return str_from(phrases[p].in[language]);
}

static const struct phrase_word *word_of(const struct phrase_word *words, struct str name)
{
	for (; words && words->name; words++)
		if (str_eq(name, str_from(words->name)))
			return words;
	return NULL;
}

void phrase_put(struct buf *out, enum phrase p, enum language language, const struct phrase_word *words)
{
	struct str text = phrase(p, language);

	for (size_t at = 0, open, close; at < text.len; at = close + 1) {
		const struct phrase_word *word;

		open = str_find(text, '{', at);
		buf_str(out, str_cut(text, at, open));
		if (open >= text.len)
			return;
		close = str_find(text, '}', open);
		word = word_of(words, str_cut(text, open + 1, close));
		buf_str(out, word ? word->value : str_cut(text, open, close + 1));
	}
}
